/** Delay before work that failed is tried again, in milliseconds. */
const retryMs = 1000;

/** Work that is done one run at a time, and once more if it is asked for during a run. A run that fails is tried again. */
export class Settling implements Disposable {
  readonly #work: () => Promise<void>;
  readonly #failed: (error: unknown) => void;
  #again = false;
  #running = false;
  #disposed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(work: () => Promise<void>, failed: (error: unknown) => void) {
    this.#work = work;
    this.#failed = failed;
  }

  ask(): void {
    if (this.#disposed) return;
    this.#again = true;
    clearTimeout(this.#timer);
    if (!this.#running) void this.#run();
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#again = false;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    this.#running = true;
    let failed = false;
    while (this.#again && !failed) {
      this.#again = false;
      try {
        await this.#work();
      } catch (error) {
        failed = true;
        this.#failed(error);
      }
    }
    this.#running = false;
    if (failed && !this.#disposed) this.#timer = setTimeout(() => this.ask(), retryMs).unref();
  }
}
