import { type Compiler, type Disagreement, objectOfItem, type SelfCheck } from '@openvnet/compiler';
import type { SelfCheckReport } from '@openvnet/model';
import type { Logger } from 'pino';

/** Milliseconds. */
export interface SelfCheckTimes {
  /** Until the first check, and between checks. */
  readonly every: number;
  /** A check pauses after this much work, so that packets and changes do not wait. */
  readonly work: number;
  readonly rest: number;
}

const usualTimes: SelfCheckTimes = { every: 600_000, work: 3, rest: 30 };
/** Limit of differences that are named. */
const mostNamed = 20;

export interface SelfChecksOptions {
  readonly compiler: Compiler;
  readonly datapath: string;
  readonly log: Logger;
  /** Called at the end of a check. `mended` means that something must be computed and sent again. */
  readonly onEnd: (mended: boolean) => void;
  readonly times?: SelfCheckTimes;
}

/** Periodically recomputes everything in the background and compares it with the flows in use. */
export class SelfChecks {
  /** The last one; null before the first has ended. */
  last: SelfCheckReport | null = null;
  readonly #options: SelfChecksOptions;
  readonly #times: SelfCheckTimes;
  #timer: NodeJS.Timeout;
  #disagreements = 0;

  constructor(options: SelfChecksOptions) {
    this.#options = options;
    this.#times = options.times ?? usualTimes;
    this.#timer = this.#later(this.#times.every, () => this.#begin());
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #begin(): void {
    this.#goOn(this.#options.compiler.selfCheck());
  }

  #goOn(checking: Generator<undefined, SelfCheck>): void {
    const until = performance.now() + this.#times.work;
    do {
      const step = checking.next();
      if (step.done) {
        this.#end(step.value);
        return;
      }
    } while (performance.now() < until);
    this.#timer = this.#later(this.#times.rest, () => this.#goOn(checking));
  }

  #end({ items, disagreements }: SelfCheck): void {
    const { log, datapath, onEnd } = this.#options;
    this.#disagreements += disagreements.length;
    const found = [...new Set(disagreements.map((one) => this.#name(one)))].slice(0, mostNamed);
    this.last = { at: new Date().toISOString(), items, disagreements: this.#disagreements, found };
    if (disagreements.length > 0)
      log.error(
        { datapath, disagreements: disagreements.length, found },
        'the self-check found wrong results, which are computed again',
      );
    onEnd(disagreements.length > 0);
    this.#timer = this.#later(this.#times.every, () => this.#begin());
  }

  #name(one: Disagreement): string {
    if ('table' in one) return `flows of table ${one.table}`;
    const object = objectOfItem(this.#options.compiler.relations, one)?.uuid;
    return `${one.by} of ${object ?? `item ${one.item}`}`;
  }

  #later(ms: number, due: () => void): NodeJS.Timeout {
    const failed = (err: unknown): void => {
      const { log, datapath } = this.#options;
      log.error({ datapath, err }, 'the self-check failed and will be repeated');
      this.#timer = this.#later(this.#times.every, () => this.#begin());
    };
    return setTimeout(() => {
      try {
        due();
      } catch (error) {
        failed(error);
      }
    }, ms).unref();
  }
}
