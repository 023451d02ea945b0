import { type Relations, wasLearned } from '@openvnet/compiler';
import type { EncodedFlow, FlowUpdate, SwitchConnection } from '@openvnet/openflow';
import { readFlows, readTable } from './flows.ts';

/** What another program has done to the flows of a switch. */
export interface ForeignChanges {
  /** The flows that it added, changed or deleted, by key. */
  readonly keys: ReadonlySet<string>;
  /** Whether flows went because their meter did. */
  readonly meterGone: boolean;
}

/**
 * What a switch holds, as it was told and as it has said itself, by key; without what it has learned by itself, which is
 * its own affair. What another program changes is heard at any time, and taken in where nothing is being compared.
 */
export class InstalledFlows {
  /** Undefined while it has to be read. */
  flows: Map<string, string> | undefined;
  readonly #isLearned: (flow: EncodedFlow) => boolean;
  #heard: FlowUpdate[] = [];

  constructor(relations: Pick<Relations, 'uplink'>) {
    this.#isLearned = (flow) => wasLearned(flow, relations);
  }

  /** What the switch says of its flows, in the order in which they changed. Own changes come abbreviated. */
  hear(updates: readonly FlowUpdate[]): boolean {
    const foreign = updates.filter(
      (update) => update.event !== 'abbreviated' && (update.event === 'deleted' || !this.#isLearned(update)),
    );
    for (const update of foreign) this.#heard.push(update);
    return foreign.length > 0;
  }

  /** Nothing is known any more, and nothing that was heard counts: a new connection. */
  forget(): void {
    this.flows = undefined;
    this.#heard = [];
  }

  /** Reads back everything. What is heard meanwhile is taken in afterwards: it is as new, or newer. */
  async read(connection: SwitchConnection): Promise<Map<string, string>> {
    this.flows = await readFlows(connection, this.#isLearned);
    return this.flows;
  }

  /** Reads back one table; gives the keys of what is not as it was known. */
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

  /** Takes in what has been heard. */
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
