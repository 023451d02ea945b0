import { type Relations, wasLearned } from '@openvnet/compiler';
import type { EncodedFlow, FlowUpdate, SwitchConnection } from '@openvnet/openflow';
import { readFlows, readTable } from './flows.ts';

/** Changes of the flows of a switch by another program. */
export interface ForeignChanges {
  /** The added, changed or deleted flows, by key. */
  readonly keys: ReadonlySet<string>;
  /** Whether flows were deleted with their meter. */
  readonly meterGone: boolean;
}

/**
 * The installed flows of a switch by key, from the agent's own changes and from the flow monitor; learned flows are left
 * out. Changes by other programs may arrive at any time; they are applied while no comparison runs.
 */
export class InstalledFlows {
  /** Undefined until the flows are read. */
  flows: Map<string, string> | undefined;
  readonly #isLearned: (flow: EncodedFlow) => boolean;
  #heard: FlowUpdate[] = [];

  constructor(relations: Pick<Relations, 'uplink'>) {
    this.#isLearned = (flow) => wasLearned(flow, relations);
  }

  /** Takes updates of the flow monitor, in order. The agent's own changes are abbreviated. */
  hear(updates: readonly FlowUpdate[]): boolean {
    const foreign = updates.filter(
      (update) => update.event !== 'abbreviated' && (update.event === 'deleted' || !this.#isLearned(update)),
    );
    for (const update of foreign) this.#heard.push(update);
    return foreign.length > 0;
  }

  /** Discards everything, for a new connection. */
  forget(): void {
    this.flows = undefined;
    this.#heard = [];
  }

  /** Reads back all flows. Updates that arrive meanwhile are applied afterwards, because they are as new or newer. */
  async read(connection: SwitchConnection): Promise<Map<string, string>> {
    this.flows = await readFlows(connection, this.#isLearned);
    return this.flows;
  }

  /** Reads back one table; returns the keys of flows that differ. */
  async readTable(connection: SwitchConnection, table: number): Promise<Set<string>> {
    const { flows } = this;
    if (!flows) return new Set();
    const present = await readTable(connection, table, this.#isLearned);
    const differing = new Set<string>();
    for (const [key, body] of present) if (flows.get(key) !== body) differing.add(key);
    for (const key of flows.keys()) if (key.charCodeAt(0) === table && !present.has(key)) differing.add(key);
    for (const key of differing) {
      const body = present.get(key);
      if (body === undefined) flows.delete(key);
      else flows.set(key, body);
    }
    return differing;
  }

  /** Applies the updates that have arrived. */
  takeIn(): ForeignChanges {
    const heard = this.#heard;
    this.#heard = [];
    const keys = new Set<string>();
    let meterGone = false;
    for (const update of heard) {
      if (update.event === 'abbreviated') continue;
      keys.add(update.key);
      if (update.event === 'deleted') {
        this.flows?.delete(update.key);
        if (update.reason === 'meter_delete') meterGone = true;
      } else this.flows?.set(update.key, update.body);
    }
    return { keys, meterGone };
  }
}
