import type { NoAnswer } from '@openvnet/compiler';

/** Time limit and abort signal of an attempt. */
export interface AttemptLimits {
  readonly ms: number;
  readonly signal: AbortSignal;
}

/** Passed to the function that makes the attempt. */
export interface Attempt {
  /** Ends the attempt; later calls are ignored. */
  readonly settle: (outcome: Buffer | NoAnswer) => void;
  /** Wraps a callback of a socket: it is not called after the end of the attempt, and an exception ends the attempt. */
  readonly step: <A extends readonly unknown[]>(work: (...args: A) => void) => (...args: A) => void;
  /** Registers a function that closes a resource at the end. */
  readonly closing: (close: () => void) => void;
}

/**
 * One query to a server of the host's network, from `begin` to its outcome. The promise never rejects: every failure of a
 * socket is an outcome.
 */
export function attempt({ ms, signal }: AttemptLimits, begin: (parts: Attempt) => void): Promise<Buffer | NoAnswer> {
  return new Promise((resolve) => {
    let open = true;
    let close = (): void => {};
    const settle: Attempt['settle'] = (outcome) => {
      if (!open) return;
      open = false;
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      try {
        close();
      } catch {
        // The socket has already closed.
      }
      resolve(outcome);
    };
    const step: Attempt['step'] =
      (work) =>
      (...args) => {
        try {
          if (open) work(...args);
        } catch {
          settle('server unreachable');
        }
      };
    const stop = (): void => settle('server silent');
    const timer = setTimeout(stop, ms);
    signal.addEventListener('abort', stop);
    const closing: Attempt['closing'] = (how) => {
      close = how;
    };
    if (signal.aborted) stop();
    else step(() => begin({ settle, step, closing }))();
  });
}
