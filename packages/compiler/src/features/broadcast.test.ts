import { describe, expect, it } from 'vitest';
import type { Packet } from '../simulate/simulate.ts';
import {
  arpRequest,
  filteringRow,
  filterRow,
  interfaceRows,
  networkRows,
  ruleRow,
  segment,
  TestModel,
  TestSwitch,
} from '../testing/model.ts';

const base = 0x0a010000;
const everybody = 0xffff_ffff_ffff;

/** A network of so many ports; those from the second on have a rule that lets datagrams to the port `opens` in. */
function switchOf(count: number, action: 'pass' | 'conn', opens: (id: number) => number): TestSwitch {
  const model = new TestModel();
  for (const row of networkRows(1, base, { ipv4_prefix: 16 })) model.put(...row);
  const vswitch = new TestSwitch(model);
  for (let id = 1; id <= count; id++) {
    for (const row of interfaceRows(id, 1, base + id)) model.put(...row);
    vswitch.port(id);
    if (id === 1) continue;
    model.put(...filteringRow(id, true)).put(...filterRow(id, id));
    model.put(...ruleRow(id, id, { protocol: 'udp', dst_port: opens(id), action }));
  }
  return vswitch;
}

const announcement: Packet = { ...arpRequest(1, base + 1, base + 1), arp_op: 2 };
const datagram = (port: number): Packet =>
  segment([1, base + 1, 9], { mac: everybody, ip: base + 0xffff, port }, 'udp');

// Of rules of their own fewer are run: the simulated switch looks at one flow after the other. A test of the agent has 2,000.
describe.each([
  ['2,000 filtered ports of one network with the same rules', 2000, () => 99, 2000],
  ['300 with rules of their own', 300, (id: number) => id, 1],
] as const)('a broadcast to %s', (_, count, opens, takers) => {
  it('reaches those that take it within the resubmits of a switch', () => {
    const run = switchOf(count + 1, 'pass', opens).runner();
    expect(run(announcement).sent).toHaveLength(count);
    expect(run(datagram(99)).sent).toHaveLength(takers);
    expect(run(datagram(9999)).sent).toHaveLength(0);
  }, 30_000);

  it('does so where connections are tracked', () => {
    const run = switchOf(count + 1, 'conn', opens).runner();
    expect(run(announcement).sent).toHaveLength(count);
    expect(run(datagram(99)).sent).toHaveLength(0);
  }, 30_000);
});

it('costs a filtered port two flows more than another, where many share four rules', () => {
  const flows = (count: number, filtered: boolean): number => {
    const model = new TestModel();
    for (const row of networkRows(1, base, { ipv4_prefix: 16 })) model.put(...row);
    const vswitch = new TestSwitch(model);
    for (let id = 1; id <= count; id++) {
      for (const row of interfaceRows(id, 1, base + id)) model.put(...row);
      vswitch.port(id);
      if (!filtered) continue;
      model.put(...filteringRow(id, true)).put(...filterRow(id, id));
      for (const [i, dst_port] of [22, 80, 443].entries())
        model.put(...ruleRow(id * 4 + i, id, { protocol: 'tcp', dst_port, action: 'pass' }));
      model.put(...ruleRow(id * 4 + 3, id, { protocol: 'udp', dst_port: 53, action: 'conn' }));
    }
    vswitch.compiler.update();
    return vswitch.compiler.flows.size;
  };
  const each = (filtered: boolean): number => (flows(400, filtered) - flows(300, filtered)) / 100;
  expect([each(false), each(true)]).toEqual([5, 7]);
});
