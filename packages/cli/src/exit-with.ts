/** Ends the program with this code, after one line where there is something to say. */
export class ExitWith extends Error {
  readonly code: number;

  constructor(code: number, message = '') {
    super(message);
    this.code = code;
  }
}
