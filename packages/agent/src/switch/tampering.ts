import type { Logger } from 'pino';
import { countFlows, countLearned, totalOf } from './flows.ts';
import type { ServedSwitch } from './served-switch.ts';

/** Looks whether another program has changed what a switch holds. */
export class TamperingChecks {
  readonly #log: Logger;
  /** By how many flows a switch differs from what it should hold though it was read back: flows that it does not show. */
  readonly #hidden = new WeakMap<ServedSwitch, number>();
  #running: Promise<void> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Looks at each switch in turn; does nothing while the last round is still at work. */
  look(switches: readonly ServedSwitch[]): void {
    this.#running ??= this.#round(switches).finally(() => {
      this.#running = undefined;
    });
  }

  async #round(switches: readonly ServedSwitch[]): Promise<void> {
    for (const served of switches) {
      try {
        await this.#count(served);
      } catch (error) {
        this.#log.warn({ datapath: served.dpid, err: error }, 'the flows could not be counted');
      }
    }
  }

  async #count(served: ServedSwitch): Promise<void> {
    const excess = await excessOf(served);
    if (excess === undefined || excess === (this.#hidden.get(served) ?? 0)) return;
    this.#log.warn({ datapath: served.dpid, excess }, 'the number of flows is not what it should be; reading back');
    await served.check();
    // What still differs is not shown, and cannot be mended.
    const hidden = await excessOf(served);
    if (hidden !== undefined) this.#hidden.set(served, hidden);
  }
}

/** By how many flows a switch has more than it should; undefined while that is not known, or changes. */
async function excessOf(served: ServedSwitch): Promise<number | undefined> {
  const { connection, flowCount } = served;
  if (!connection || flowCount === null || served.busy) return undefined;
  const count = totalOf(await countFlows(connection)) - (await countLearned(connection));
  return served.busy || served.flowCount !== flowCount ? undefined : count - flowCount;
}
