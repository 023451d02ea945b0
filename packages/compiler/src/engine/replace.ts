import type { EncodedFlow } from '@openvnet/openflow';
import type { FlowTable } from './flow-table.ts';

/** Up to so many flows, comparing each with each costs less than a table of them. */
const few = 8;

/** Puts an item's flows in the place of those it had; equal ones are not touched. Gives the flows that it then has. */
export function replace(
  table: FlowTable,
  before: readonly EncodedFlow[],
  given: readonly EncodedFlow[],
): readonly EncodedFlow[] {
  const wanted = distinct(given);
  const [isOld, isWanted] = [lookup(before), lookup(wanted)];
  for (const flow of wanted) if (!isOld(flow)) table.add(flow);
  for (const flow of before) if (!isWanted(flow)) table.remove(flow);
  return wanted;
}

/** Whether both hold the same flows, in whatever order. */
export function sameFlows(held: readonly EncodedFlow[], given: readonly EncodedFlow[]): boolean {
  const wanted = distinct(given);
  return held.length === wanted.length && wanted.every(lookup(held));
}

/** An item may say the same twice, as one does that has the same address in two networks: that is one flow. */
function distinct(flows: readonly EncodedFlow[]): readonly EncodedFlow[] {
  if (flows.length <= few) {
    const isFirst = (flow: EncodedFlow, i: number) => flows.findIndex((other) => sameFlow(other, flow)) === i;
    return flows.every(isFirst) ? flows : flows.filter(isFirst);
  }
  const seen = new Map(flows.map((flow) => [textOf(flow), flow]));
  return seen.size === flows.length ? flows : [...seen.values()];
}

function lookup(flows: readonly EncodedFlow[]): (flow: EncodedFlow) => boolean {
  if (flows.length <= few) return (flow) => flows.some((other) => sameFlow(other, flow));
  const texts = new Set(flows.map(textOf));
  return (flow) => texts.has(textOf(flow));
}

/** A key has a fixed part that says how long it is, so that no two flows have one text. */
function textOf({ key, body }: EncodedFlow): string {
  return `${key.length}:${key}${body}`;
}

function sameFlow(a: EncodedFlow, b: EncodedFlow): boolean {
  return a.key === b.key && a.body === b.body;
}
