/** What flows do, against what their tables declare, for every topology. */
import type { Action } from '@openvnet/openflow';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Flow } from '../pipeline/flow.ts';
import { meters } from '../pipeline/meters.ts';
import { type TableName, tableNames, tables } from '../pipeline/tables.ts';
import { topology } from '../testing/random.ts';
import { registerOf, saidFlows } from '../testing/said-flows.ts';

const parts = ['writes', 'calls', 'next'] as const;
type Use = Record<(typeof parts)[number], Set<string>> & { metersUsed: Set<number | undefined> };

function note(use: Use, action: Action): void {
  if (action.type === 'load' || action.type === 'move' || action.type === 'check_pkt_larger') {
    const name = registerOf(action.to);
    if (name) use.writes.add(name);
  }
  if (action.type === 'controller') use.metersUsed.add(action.meter_id);
  if (action.type === 'resubmit') use.calls.add(tableNames[action.table!]!);
  if (action.type === 'ct' && action.table !== undefined) use.next.add(tableNames[action.table]!);
}

function noteFlow(uses: ReadonlyMap<TableName, Use>, { table, actions = [], next }: Flow): void {
  const use = uses.get(table)!;
  if (next) use.next.add(next);
  for (const action of actions) note(use, action);
}

it('tables declare exactly the registers that their flows write, the tables that these ask, and those at which they go on', () => {
  const uses = new Map(
    tableNames.map((name): [TableName, Use] => [
      name,
      { writes: new Set(), calls: new Set(), next: new Set(), metersUsed: new Set() },
    ]),
  );
  fc.assert(
    fc.property(topology, (drawn) => {
      for (const flow of saidFlows(drawn)) noteFlow(uses, flow);
    }),
    { seed: 1, numRuns: 200 },
  );
  for (const [name, use] of uses)
    for (const part of parts)
      expect([name, part, ...[...use[part]].sort()]).toEqual([name, part, ...[...tables[name][part]].sort()]);
  // Only one table hands over what is to be answered, by the meter of the sender.
  const { first, each } = meters.requests;
  const requests = (meter: number | undefined): boolean =>
    meter === undefined || (meter >= first && meter < first + each);
  const [table, ...more] = [...uses].filter(([, { metersUsed }]) => [...metersUsed].some(requests));
  expect([table![0], table![1].metersUsed.has(undefined), more]).toEqual(['hand_over', false, []]);
}, 30_000);
