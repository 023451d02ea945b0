/** Lets a line of the log through at most once in a while, so that nobody outside can fill the log. */
export class Seldom {
  readonly #everyMs: number;
  #at = Number.NEGATIVE_INFINITY;
  #held = 0;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** Calls `write` unless it is too soon, with how many lines were held back since the last one, if any. */
  say(write: (more: { readonly held?: number }) => void): void {
    const now = performance.now();
    if (now - this.#at < this.#everyMs) {
      this.#held++;
      return;
    }
    write(this.#held > 0 ? { held: this.#held } : {});
    this.#at = now;
    this.#held = 0;
  }
}
