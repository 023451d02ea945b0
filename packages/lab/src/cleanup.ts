/** Things that must not outlive the process, also where a signal ends it. */
const open = new Set<AsyncDisposable>();

const signals = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;

/** Disposes of `thing` when a signal ends the process; until `forget`. The latest is the first to go. */
export function remember(thing: AsyncDisposable): void {
  if (open.size === 0) for (const name of Object.keys(signals)) process.on(name, onSignal);
  open.add(thing);
}

export function forget(thing: AsyncDisposable): void {
  open.delete(thing);
  if (open.size === 0) for (const name of Object.keys(signals)) process.off(name, onSignal);
}

let ending = false;

function onSignal(name: keyof typeof signals): void {
  if (ending) return;
  ending = true;
  void disposeAll().finally(() => process.exit(128 + signals[name]));
}

async function disposeAll(): Promise<void> {
  for (const thing of [...open].reverse()) {
    try {
      await thing[Symbol.asyncDispose]();
    } catch (error) {
      process.stderr.write(`${(error as Error).message}\n`);
    }
  }
}
