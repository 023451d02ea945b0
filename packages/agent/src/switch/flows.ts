import { type FlowTable, learnedFlows, tableNames, tableNumbers } from '@openvnet/compiler';
import { type EncodedFlow, FlowMod, type SwitchConnection, SwitchError } from '@openvnet/openflow';

/** Messages in one bundle: a userspace datapath forwards nothing while it commits one. */
const bundleSize = 2000;
/** Flows that are read in one request; more are read table by table, for the same reason. */
const dumpSize = 2000;

/** Differences between what a switch should hold and what it holds, as flow mods: additions first, deletions last. */
export interface Difference {
  readonly add: readonly EncodedFlow[];
  readonly remove: readonly string[];
}

/** What a switch holds, read back, by key; without what it has learned by itself, which is its own affair. */
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

/** The same of one table, or of all. */
export async function readTable(
  connection: SwitchConnection,
  table: number | undefined,
  isLearned: (flow: EncodedFlow) => boolean,
): Promise<Map<string, string>> {
  const present = await connection.dumpFlows(table);
  return new Map(present.filter((flow) => !isLearned(flow)).map(({ key, body }) => [key, body]));
}

/**
 * How many flows each table holds, empty ones left out. A switch knows these numbers without looking at the flows; those
 * that it hides, such as the ones of in-band control, are among them.
 */
export async function countFlows(connection: SwitchConnection): Promise<ReadonlyMap<number, number>> {
  const reply = await connection.request({ type: 'multipart_request', body: { type: 'table' } });
  if (reply.type !== 'multipart_reply' || reply.body.type !== 'table')
    throw new SwitchError('table statistics', `answered with ${reply.type}`);
  const held = reply.body.entries.filter(({ active_count }) => active_count > 0);
  return new Map(held.map(({ table, active_count }) => [table, active_count]));
}

/** How many flows the switch has learned by itself. */
export function countLearned(connection: SwitchConnection): Promise<number> {
  return connection.flowCount({ table: tableNumbers.learned, ...learnedFlows });
}

export function totalOf(counts: ReadonlyMap<number, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

/** What has to be done for `keys`. */
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

/** The flows that should not be there, by key. */
export function strays(wanted: FlowTable, installed: ReadonlyMap<string, string>): string[] {
  return [...installed.keys()].filter((key) => wanted.flow(key) === undefined);
}

/** Has `installed` hold the strings of `wanted` where they are equal: what was read back is then held once, not twice. */
export function shareStrings(wanted: FlowTable, installed: Map<string, string>): void {
  for (const key of wanted.keys()) {
    const body = wanted.get(key)!;
    // Taken out first, as a map keeps the key that it has.
    if (installed.get(key) === body && installed.delete(key)) installed.set(key, body);
  }
}

/**
 * Sends changes of flows to a switch, in atomic bundles of a bounded size, in the order in which they were given, while
 * the caller goes on. After a failure nothing more is sent, and what the switch holds is not known.
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
    // The failure is for whoever waits for the end.
    this.#sending.catch(() => undefined);
  }

  /** Resolves when the switch has acknowledged all that was pushed; rejects with what it refused. */
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

/** What the switch refused, and of which flow. */
function complaint({ refused, message }: SwitchError, part: readonly { key: string }[]): string {
  const [first] = refused;
  const key = first && part[first.index]?.key;
  if (!first || !key) return `the switch refused a change: ${message}`;
  const [table, priority] = [tableNames[key.charCodeAt(0)], (key.charCodeAt(1) << 8) | key.charCodeAt(2)];
  return `the switch refused a flow of table ${table}, priority ${priority}: ${first.reason}`;
}
