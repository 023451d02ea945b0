import type { Guest, PrivateSwitch } from '../packages/lab/src/index.ts';

export interface Pair {
  readonly name: string;
  readonly from: Guest;
  readonly to: string;
}

const gapMs = 200;
const rttCount = 200;
const rttGapMs = 10;

/** Pings between pairs of guests, each with cold caches, pair by pair and again, so that all see the same machine. */
export class Pings {
  /** What each pair measured, in milliseconds: the first and the second of each trial, and many after each other. */
  readonly results: readonly { readonly first: number[]; readonly second: number[]; readonly rtts: number[] }[];
  readonly #vswitch: PrivateSwitch;
  readonly #guests: readonly Guest[];
  readonly #pairs: readonly Pair[];

  constructor(vswitch: PrivateSwitch, guests: readonly Guest[], pairs: readonly Pair[]) {
    this.#vswitch = vswitch;
    this.#guests = guests;
    this.#pairs = pairs;
    this.results = pairs.map(() => ({ first: [], second: [], rtts: [] }));
  }

  async run(trials: number): Promise<void> {
    for (let trial = 0; trial < trials; trial++) {
      for (let i = 0; i < this.#pairs.length; i++) {
        // Each pair is the first one of a round as often as the others.
        const at = (i + trial) % this.#pairs.length;
        await this.#forget();
        const [first, second] = await rttsOf(this.#pairs[at]!, 2, gapMs);
        this.results[at]!.first.push(first!);
        this.results[at]!.second.push(second!);
      }
    }
    for (const [at, pair] of this.#pairs.entries()) {
      this.results[at]!.rtts.push(...(await rttsOf(pair, rttCount, rttGapMs)));
    }
  }

  /** Nobody knows an address, and the switch has decided nothing yet. */
  async #forget(): Promise<void> {
    for (const guest of this.#guests) await guest.forgetNeighbours();
    await this.#vswitch.appctl('fdb/flush', 'plain');
    await this.#vswitch.purge();
  }
}

async function rttsOf({ name, from, to }: Pair, count: number, intervalMs: number): Promise<readonly number[]> {
  const { rtts, output } = await from.ping(to, { count, intervalMs });
  if (rtts.length < count) throw new Error(`${name}: a ping was lost\n${output}`);
  return rtts;
}
