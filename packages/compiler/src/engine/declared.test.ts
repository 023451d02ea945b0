/** What flows do, against what their tables declare, for every topology. */
import { type Action, decodeFlow, type Flow, type Subfield } from '@openvnet/openflow';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { meters } from '../pipeline/meters.ts';
import { places, type RegisterName, registers } from '../pipeline/registers.ts';
import { type TableName, tableNames, tables } from '../pipeline/tables.ts';
import { populated, topology } from '../testing/random.ts';

const parts = ['writes', 'calls', 'next'] as const;
type Use = Record<(typeof parts)[number], Set<string>> & { metersUsed: Set<number | undefined> };

function registersIn({ field, offset, bits }: Subfield): RegisterName[] {
  return (Object.keys(registers) as RegisterName[]).filter((name) => {
    const place = places[name];
    return place.field === field && place.offset < offset + bits && offset < place.offset + place.bits;
  });
}

function note(use: Use, action: Action): void {
  if (action.type === 'load' || action.type === 'move' || action.type === 'check_pkt_larger')
    for (const name of registersIn(action.to)) use.writes.add(name);
  if (action.type === 'controller') use.metersUsed.add(action.meter_id);
  if (action.type === 'resubmit') use.calls.add(tableNames[action.table!]!);
  if (action.type === 'ct' && action.table !== undefined) use.next.add(tableNames[action.table]!);
}

function noteFlow(uses: ReadonlyMap<TableName, Use>, { table, instructions }: Flow): void {
  const use = uses.get(tableNames[table]!)!;
  for (const instruction of instructions) {
    if (instruction.type === 'goto_table') use.next.add(tableNames[instruction.table]!);
    if (instruction.type === 'apply_actions') for (const action of instruction.actions) note(use, action);
  }
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
      const { flows } = populated(drawn).compiler;
      for (const key of flows.keys()) noteFlow(uses, decodeFlow({ key, body: flows.get(key)! }));
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
