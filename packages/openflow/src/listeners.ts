/** Handlers by event. An exception of one is passed to `fault`; the other handlers are still called. */
export class Listeners<Events extends Readonly<Record<string, unknown>>> {
  readonly #handlers = new Map<keyof Events, Set<(value: never) => unknown>>();
  readonly #fault: (error: unknown) => void;

  constructor(fault: (error: unknown) => void) {
    this.#fault = fault;
  }

  /** Calls `handler` at every `event`, until the returned function is called. */
  on<E extends keyof Events>(event: E, handler: (value: Events[E]) => unknown): () => void {
    const handlers = this.#handlers.get(event) ?? new Set();
    this.#handlers.set(event, handlers);
    handlers.add(handler);
    return () => {
      handlers.delete(handler);
    };
  }

  /** Whether there is a handler. */
  has(event: keyof Events): boolean {
    return (this.#handlers.get(event)?.size ?? 0) > 0;
  }

  emit<E extends keyof Events>(event: E, value: Events[E]): void {
    for (const handler of this.#handlers.get(event) ?? []) {
      try {
        const result = (handler as (value: Events[E]) => unknown)(value);
        // A handler may be asynchronous; a rejection counts as an exception.
        if (result instanceof Promise) result.catch(this.#fault);
      } catch (error) {
        this.#fault(error);
      }
    }
  }
}
