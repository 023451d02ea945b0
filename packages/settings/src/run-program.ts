/** Ends the reading of a command line after help, a version, a manual page or wrong usage. */
export class Ended extends Error {
  override readonly name = 'Ended';
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('the command line has been dealt with');
    this.exitCode = exitCode;
  }
}

/**
 * Reads the command line and runs its action. A program that has nothing more to do ends by itself: `process.exit` waits for the
 * threads of V8, which may wait for a garbage collection that no longer comes (nodejs/node#54918).
 */
export async function runProgram(command: { parseAsync(): Promise<unknown> }): Promise<void> {
  try {
    await command.parseAsync();
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
    process.exitCode = error.exitCode;
  }
}
