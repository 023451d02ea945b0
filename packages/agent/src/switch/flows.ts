import { type FlowTable, learnedFlows, tableNames, tableNumbers } from '@openvnet/compiler';
import { type EncodedFlow, FlowMod, type SwitchConnection, SwitchError } from '@openvnet/openflow';

/** Messages per bundle. Limited, because a userspace datapath forwards nothing while it commits a bundle. */
const bundleSize = 2000;
/** Flows that are read in one request; a larger number is read table by table, for the same reason. */
const dumpSize = 2000;

/** Differences between desired and installed flows as flow mods: additions first, deletions last. */
export interface Difference {
  readonly add: readonly EncodedFlow[];
  readonly remove: readonly string[];
}

/** Reads back the flows of a switch by key, without learned flows. */
export async function readFlows(
  connection: SwitchConnection,
  isLearned: (flow: EncodedFlow) => boolean,
): Promise<Map<string, string>> {
  const counts = await countFlows(connection);
  if (totalOf(counts) <= dumpSize) return readTable(connection, undefined, isLearned);
  const flows = new Map<string, string>();
  for (const table of counts.keys())
    for (const [key, body] of await readTable(connection, table, isLearned)) flows.set(key, body);
  return flows;
}

/** The same for one table, or for all. */
export async function readTable(
  connection: SwitchConnection,
  table: number | undefined,
  isLearned: (flow: EncodedFlow) => boolean,
): Promise<Map<string, string>> {
  const present = await connection.dumpFlows(table);
  return new Map(present.filter((flow) => !isLearned(flow)).map(({ key, body }) => [key, body]));
}

/**
 * The number of flows of each nonempty table. The switch keeps these counts, so reading them is cheap; hidden flows, such
 * as those of in-band control, are included.
 */
export async function countFlows(connection: SwitchConnection): Promise<ReadonlyMap<number, number>> {
  const reply = await connection.request({ type: 'multipart_request', body: { type: 'table' } });
  if (reply.type !== 'multipart_reply' || reply.body.type !== 'table')
    throw new SwitchError('table statistics', `answered with ${reply.type}`);
  const held = reply.body.entries.filter(({ active_count }) => active_count > 0);
  return new Map(held.map(({ table, active_count }) => [table, active_count]));
}

/** The number of learned flows. */
export function countLearned(connection: SwitchConnection): Promise<number> {
  return connection.flowCount({ table: tableNumbers.learned, ...learnedFlows });
}

export function totalOf(counts: ReadonlyMap<number, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

/** The differences for `keys`. */
export function compare(wanted: FlowTable, installed: ReadonlyMap<string, string>, keys: Iterable<string>): Difference {
  const add: EncodedFlow[] = [];
  const remove: string[] = [];
  for (const key of keys) {
    const flow = wanted.flow(key);
    const present = installed.get(key);
    if (flow === undefined) {
      if (present !== undefined) remove.push(key);
    } else if (flow.body !== present) add.push(flow);
  }
  return { add, remove };
}

/** The keys of installed flows that are not desired. */
export function strays(wanted: FlowTable, installed: ReadonlyMap<string, string>): string[] {
  return [...installed.keys()].filter((key) => wanted.flow(key) === undefined);
}

/** Replaces equal strings in `installed` by those of `wanted`, so that each is held in memory once. */
export function shareStrings(wanted: FlowTable, installed: Map<string, string>): void {
  for (const key of wanted.keys()) {
    const body = wanted.get(key)!;
    // Deleted first, because a map keeps the key object that it has.
    if (installed.get(key) === body && installed.delete(key)) installed.set(key, body);
  }
}

/**
 * Sends flow changes to a switch in the given order, in atomic bundles of bounded size, while the caller continues. After
 * a failure nothing more is sent, and the flows of the switch are unknown.
 */
export class FlowSender {
  readonly #connection: SwitchConnection;
  readonly #queue: FlowMod[] = [];
  #sending: Promise<void> | undefined;

  constructor(connection: SwitchConnection) {
    this.#connection = connection;
  }

  /** Queues additions, then deletions. */
  push({ add, remove }: Difference): void {
    for (const flow of add) this.#queue.push(new FlowMod('add', flow));
    for (const key of remove) this.#queue.push(new FlowMod('delete_strict', { key }));
    if (this.#queue.length === 0 || this.#sending !== undefined) return;
    this.#sending = this.#send();
    // `done` reports the failure.
    this.#sending.catch(() => undefined);
  }

  /** Resolves when the switch has acknowledged everything; rejects with the refusal. */
  async end(): Promise<void> {
    await this.#sending;
  }

  async #send(): Promise<void> {
    while (this.#queue.length > 0) {
      const part = this.#queue.splice(0, bundleSize);
      try {
        await this.#connection.bundle(part);
      } catch (error) {
        throw error instanceof SwitchError ? new Error(complaint(error, part), { cause: error }) : error;
      }
    }
    this.#sending = undefined;
  }
}

/** The refusal in words, with its flow. */
function complaint({ refused, message }: SwitchError, part: readonly { key: string }[]): string {
  const [first] = refused;
  const key = first && part[first.index]?.key;
  if (!first || !key) return `the switch refused a change: ${message}`;
  const [table, priority] = [tableNames[key.charCodeAt(0)], (key.charCodeAt(1) << 8) | key.charCodeAt(2)];
  return `the switch refused a flow of table ${table}, priority ${priority}: ${first.reason}`;
}
