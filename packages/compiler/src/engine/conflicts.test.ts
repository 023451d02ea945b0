import { describe, expect, it } from 'vitest';
import {
  interfaceRows,
  networkRows,
  routeRows,
  routingLease,
  segmentRow,
  serviceRows,
  TestModel,
  TestSwitch,
  translatingRow,
  translationRows,
} from '../testing/index.ts';
import { conflicts } from './conflicts.ts';

/** Two networks of one segment, each with a gateway; packets of network 2 leave a logical router by the first of two routes. */
function installation(): TestModel {
  const model = new TestModel();
  for (const row of [
    segmentRow(1),
    ...networkRows(1, undefined, { segment_id: 1, mtu: 1400 }),
    ...networkRows(2, undefined, { segment_id: 1, mtu: 1300 }),
    ...interfaceRows(101, 1, 0x0a0001fe, 'simulated'),
    ...interfaceRows(102, 2, 0x0a0002fe, 'simulated'),
    translatingRow(102),
    routingLease(202, 102, 2, 0x0a000264),
    ...routeRows(1, 1, 101, 1),
  ])
    model.put(...row);
  return model;
}

function saidOf(model: TestModel): string[] {
  const { compiler } = new TestSwitch(model);
  compiler.update();
  return [...conflicts(compiler)].map(({ kind, id, reason }) => `${kind} ${id} waits for ${reason}`);
}

describe('what is reported of items that claim the same flow', () => {
  it('is nothing where they say the same', () => {
    const model = installation();
    for (const row of [...serviceRows(1, 101, 'dhcp'), ...serviceRows(2, 102, 'dhcp')]) model.put(...row);
    expect(saidOf(model)).toEqual([]);
  });

  it('names the object that has it', () => {
    const model = installation();
    for (const row of routeRows(2, 1, 102, 2, { ipv4_network: 0x0a000100 })) model.put(...row);
    expect(saidOf(model)).toEqual(['route 2 waits for r-1 to give way: both decide about the same packets']);
  });

  it('names that of which an entry without a name is part', () => {
    const model = installation();
    const entry = (inside: number) => ({ ingress_ipv4_address: 0x0a000264, egress_ipv4_address: 0x0a000100 + inside });
    for (const row of translationRows(1, 102, [entry(1), entry(2)])) model.put(...row);
    for (const row of translationRows(7, 102, [entry(3)])) model.put(...row);
    expect(saidOf(model)).toEqual([
      'translation 1 waits for another part of it to give way: both decide about the same packets',
      'translation 7 waits for tr-1 to give way: both decide about the same packets',
    ]);
  });
});
