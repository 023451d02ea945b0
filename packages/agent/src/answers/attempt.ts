import type { NoAnswer } from '@openvnet/compiler';

/** How long an attempt may take, and what ends it before. */
export interface AttemptLimits {
  readonly ms: number;
  readonly signal: AbortSignal;
}

/** What an attempt is made with. */
export interface Attempt {
  /** Ends it; only the first call counts. */
  readonly settle: (outcome: Buffer | NoAnswer) => void;
  /** A callback of a socket: not called any more once the attempt is over; what it throws ends the attempt. */
  readonly step: <A extends readonly unknown[]>(work: (...args: A) => void) => (...args: A) => void;
  /** Says what has to be closed in the end. */
  readonly closing: (close: () => void) => void;
}

/**
 * One question to a server of the host's network, from `begin` to its outcome. The promise never fails: whatever a socket
 * does, and whenever, is an outcome.
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
        // It has closed by itself.
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
