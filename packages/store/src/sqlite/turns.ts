/** Ends a turn. */
type Leave = () => void;

/** A fair readers-writer lock: any number of readers, or one writer, in order of arrival. */
export class Turns {
  readonly #waiting: { readonly alone: boolean; readonly start: () => void }[] = [];
  #readers = 0;
  #alone = false;

  /** A turn as a reader, if it can begin without waiting. */
  enterShared(): Leave | undefined {
    if (this.#alone || this.#waiting.length > 0) return undefined;
    this.#readers++;
    return this.#leaveShared;
  }

  async shared(): Promise<Leave> {
    const leave = this.enterShared();
    if (leave) return leave;
    await this.#wait(false);
    return this.#leaveShared;
  }

  async exclusive(): Promise<Leave> {
    if (this.#alone || this.#readers > 0 || this.#waiting.length > 0) await this.#wait(true);
    else this.#alone = true;
    return () => {
      this.#alone = false;
      this.#next();
    };
  }

  readonly #leaveShared = (): void => {
    this.#readers--;
    this.#next();
  };

  #wait(alone: boolean): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ alone, start: resolve }));
  }

  /** Gives turns to waiters. They count from now on, although their code resumes later. */
  #next(): void {
    for (;;) {
      const [first] = this.#waiting;
      if (!first || this.#alone || (first.alone && this.#readers > 0)) return;
      this.#waiting.shift();
      if (first.alone) this.#alone = true;
      else this.#readers++;
      first.start();
    }
  }
}
