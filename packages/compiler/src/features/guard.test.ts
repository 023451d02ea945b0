import { beforeEach, describe, expect, it } from 'vitest';
import {
  arpRequest,
  echoRequest,
  interfaceRows,
  macOf,
  networkRows,
  type Put,
  routeRows,
  TestModel,
  TestSwitch,
} from '../testing/model.ts';

const far = 0xcb007101;
let model: TestModel;
let vswitch: TestSwitch;

/** Guest 12 of network 1 is a router to somewhere else; guest 21 in network 2 is led to it by a route of gateway 101. */
beforeEach(() => {
  model = new TestModel();
  for (const row of [
    ...networkRows(1),
    ...networkRows(2),
    ...interfaceRows(11, 1, 0x0a000101),
    ...interfaceRows(12, 1, 0x0a000105),
    ...interfaceRows(21, 2, 0x0a000201),
    ...interfaceRows(101, 1, 0x0a0001fe, 'simulated'),
    ...interfaceRows(102, 2, 0x0a0002fe, 'simulated'),
    ...routeRows(1, 1, 101, 1, { ipv4_network: 0, ipv4_prefix: 0, next_hop_ipv4_address: 0x0a000105 }),
    ...routeRows(2, 1, 102, 2),
  ])
    model.put(...row);
  model.put(...routingRow(true));
  vswitch = new TestSwitch(model).port(11).port(12).port(21);
});

function routingRow(enable_routing: boolean): Put {
  const [, row] = interfaceRows(12, 0, 0)[0] as Put & readonly ['interface', unknown];
  return ['interface', { ...row, enable_routing }];
}

function ports(...packet: Parameters<TestSwitch['run']>): number[] {
  return vswitch.run(...packet).sent.map(({ port }) => port);
}

describe('a guest that is a router', () => {
  it('may send for others, but not with another MAC address, and not answer for them', () => {
    const forOther = echoRequest(12, far, { mac: macOf(11), ip: 0x0a000101 });
    expect(ports(forOther)).toEqual([11]);
    expect(ports({ ...forOther, eth_src: macOf(11) })).toEqual([]);
    expect(ports(arpRequest(12, far, 0x0a000101))).toEqual([]);
    expect(ports(echoRequest(11, far, { mac: macOf(12), ip: 0x0a000105 }))).toEqual([]);
  });

  it('may do so only while it is one', () => {
    model.put(...routingRow(false));
    expect(ports(echoRequest(12, far, { mac: macOf(11), ip: 0x0a000101 }))).toEqual([]);
  });

  it('is the next hop of a route, for what is not in its network', () => {
    expect(ports(echoRequest(21, 0x0a000201, { mac: macOf(102), ip: far }))).toEqual([12]);
    expect(ports(echoRequest(21, 0x0a000201, { mac: macOf(102), ip: 0x0a000101 }))).toEqual([11]);
    expect(ports(echoRequest(12, far, { mac: macOf(101), ip: 0x0a000201 }))).toEqual([21]);
  });
});
