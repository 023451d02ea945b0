import { beforeEach, describe, expect, it } from 'vitest';
import { agentReasons } from '../pipeline/tables.ts';
import type { Outcome } from '../simulate/simulate.ts';
import {
  arpRequest,
  echoRequest,
  interfaceRows,
  macOf,
  networkRows,
  routeRows,
  TestModel,
  TestSwitch,
} from '../testing/model.ts';

const ip = (network: number, host: number): number => 0x0a000000 + network * 256 + host;
const broadcastMac = 0xffff_ffff_ffff;
const ports = ({ sent }: Outcome): number[] => sent.map(({ port }) => port).sort((a, b) => a - b);
const tables = ({ trace }: Outcome): string[] => trace.map(({ table, priority }) => `${table} ${priority}`);

let model: TestModel;
let vswitch: TestSwitch;

/** Networks 1 and 2 joined by a router (gateways 101, 102), network 3 with the addresses of network 1. */
beforeEach(() => {
  model = new TestModel();
  const rows = [
    ...networkRows(1),
    ...networkRows(2),
    ...networkRows(3, ip(1, 0)),
    ...interfaceRows(11, 1, ip(1, 1)),
    ...interfaceRows(12, 1, ip(1, 2)),
    ...interfaceRows(21, 2, ip(2, 1)),
    ...interfaceRows(31, 3, ip(1, 1)),
    ...interfaceRows(32, 3, ip(1, 2)),
    ...interfaceRows(101, 1, ip(1, 254), 'simulated'),
    ...interfaceRows(102, 2, ip(2, 254), 'simulated'),
    ...routeRows(1, 1, 101, 1),
    ...routeRows(2, 1, 102, 2),
  ];
  for (const row of rows) model.put(...row);
  vswitch = new TestSwitch(model);
  for (const port of [11, 12, 21, 31, 32]) vswitch.port(port);
});

describe('in one network', () => {
  it('a frame goes to the port of its destination', () => {
    const outcome = vswitch.run(echoRequest(11, ip(1, 1), { mac: macOf(12), ip: ip(1, 2) }));
    expect(ports(outcome)).toEqual([12]);
    expect(tables(outcome)).toEqual(['admit 2000', 'dispatch 0', 'forward 2000', 'output 2000']);
  });

  it('a broadcast goes to the other ports of the network, and to none with the same addresses', () => {
    expect(ports(vswitch.run(echoRequest(11, ip(1, 1), { mac: broadcastMac, ip: ip(1, 255) })))).toEqual([12]);
    expect(ports(vswitch.run(echoRequest(31, ip(1, 1), { mac: broadcastMac, ip: ip(1, 255) })))).toEqual([32]);
  });

  it('an ARP request is answered in the switch, with the address that is known in this network', () => {
    for (const [asker, owner] of [
      [11, 12],
      [31, 32],
    ] as const) {
      expect(vswitch.run(arpRequest(asker, ip(1, 1), ip(1, 2))).sent).toEqual([
        {
          port: asker,
          packet: expect.objectContaining({
            eth_dst: BigInt(macOf(asker)),
            eth_src: BigInt(macOf(owner)),
            arp_op: 2n,
            arp_sha: BigInt(macOf(owner)),
            arp_spa: BigInt(ip(1, 2)),
            arp_tha: BigInt(macOf(asker)),
            arp_tpa: BigInt(ip(1, 1)),
          }),
        },
      ]);
    }
  });

  it('an ARP request for an address that nobody has goes nowhere', () => {
    expect(vswitch.run(arpRequest(11, ip(1, 1), ip(1, 99))).sent).toEqual([]);
  });

  it('a sender with another MAC or IP address than its own reaches nobody, and is counted', () => {
    const right = echoRequest(11, ip(1, 1), { mac: macOf(12), ip: ip(1, 2) });
    const request = arpRequest(11, ip(1, 1), ip(1, 2));
    for (const wrong of [
      { ...right, eth_src: macOf(12) },
      { ...right, ipv4_src: ip(1, 2) },
      { ...right, in_port: 12 },
      { ...request, arp_spa: ip(1, 2) },
      { ...request, arp_sha: macOf(12) },
      { ...request, eth_src: macOf(12) },
    ]) {
      const outcome = vswitch.run(wrong);
      const reasons = outcome.toAgent.map(({ reason }) => reason);
      // The agent only notes it.
      expect([outcome.sent, reasons, tables(outcome)]).toEqual([[], [agentReasons.refused], ['admit 1000']]);
    }
  });

  it('IPv6 goes nowhere and is no offence', () => {
    const outcome = vswitch.run({ in_port: 11, eth_src: macOf(11), eth_dst: broadcastMac, eth_type: 0x86dd });
    expect([ports(outcome), tables(outcome)]).toEqual([[], ['admit 1001']]);
  });

  it('a port that is unknown reaches nobody', () => {
    expect(vswitch.run({ ...echoRequest(11, ip(1, 1), { mac: macOf(12), ip: ip(1, 2) }), in_port: 77 }).sent).toEqual(
      [],
    );
  });

  it('more ports than one part holds are all reached', () => {
    const many = Array.from({ length: 600 }, (_, i) => 1000 + i);
    for (const id of many) {
      for (const row of interfaceRows(id, 2, 0x0a000200 + id)) model.put(...row);
      vswitch.port(id);
    }
    expect(ports(vswitch.run(echoRequest(21, ip(2, 1), { mac: broadcastMac, ip: ip(2, 255) })))).toEqual(many);
  });
});

describe('between networks', () => {
  it('a packet is routed: addresses of the next network, one hop less to live', () => {
    const outcome = vswitch.run(echoRequest(11, ip(1, 1), { mac: macOf(101), ip: ip(2, 1) }));
    expect(outcome.toAgent).toEqual([]);
    expect(outcome.sent).toEqual([
      {
        port: 21,
        packet: expect.objectContaining({ eth_src: BigInt(macOf(102)), eth_dst: BigInt(macOf(21)), nw_ttl: 63n }),
      },
    ]);
  });

  it('a gateway answers, also from the far side, and with one hop left to live', () => {
    for (const gateway of [ip(1, 254), ip(2, 254)]) {
      expect(vswitch.run(echoRequest(11, ip(1, 1), { mac: macOf(101), ip: gateway }, 1)).sent).toEqual([
        {
          port: 11,
          packet: expect.objectContaining({
            eth_src: BigInt(macOf(101)),
            eth_dst: BigInt(macOf(11)),
            ipv4_src: BigInt(gateway),
            ipv4_dst: BigInt(ip(1, 1)),
            icmpv4_type: 0n,
            nw_ttl: 64n,
          }),
        },
      ]);
    }
  });

  it('what cannot be taken on goes to the agent with the reason', () => {
    const to = (destination: number, ttl = 64): (readonly [number, number])[] => {
      const outcome = vswitch.run(echoRequest(11, ip(1, 1), { mac: macOf(101), ip: destination }, ttl));
      return outcome.toAgent.map(({ reason, packet }) => [reason, Number(packet.eth_src) - macOf(0)] as const);
    };
    expect({
      network: to(ip(9, 1)),
      host: to(ip(2, 77)),
      expired: to(ip(2, 1), 1),
      fine: to(ip(2, 1), 2),
    }).toEqual({ network: [[1, 11]], host: [[2, 11]], expired: [[4, 11]], fine: [] });
  });

  it('anything but an echo request to a gateway is unreachable', () => {
    const request = echoRequest(11, ip(1, 1), { mac: macOf(101), ip: ip(1, 254) });
    const { icmpv4_type, icmpv4_code, ...rest } = request;
    expect(vswitch.run({ ...rest, ip_proto: 17 }).toAgent.map(({ reason }) => reason)).toEqual([3]);
    expect([icmpv4_type, icmpv4_code]).toEqual([8, 0]);
  });

  it('the longest prefix has it, and flags of a route are minded', () => {
    for (const row of [
      ...networkRows(4),
      ...interfaceRows(41, 4, ip(2, 1)),
      ...interfaceRows(104, 4, ip(4, 254), 'simulated'),
    ]) {
      model.put(...row);
    }
    vswitch.port(41);
    const target = { mac: macOf(101), ip: ip(2, 1) };
    for (const row of routeRows(3, 1, 104, 4, { ipv4_network: ip(2, 1), ipv4_prefix: 32 })) model.put(...row);
    expect(ports(vswitch.run(echoRequest(11, ip(1, 1), target)))).toEqual([41]);
    for (const row of routeRows(3, 1, 104, 4, { ipv4_network: ip(2, 1), ipv4_prefix: 32, egress: false }))
      model.put(...row);
    expect(ports(vswitch.run(echoRequest(11, ip(1, 1), target)))).toEqual([21]);
    for (const row of routeRows(1, 1, 101, 1, { ingress: false })) model.put(...row);
    expect(vswitch.run(echoRequest(11, ip(1, 1), target)).toAgent.map(({ reason }) => reason)).toEqual([1]);
  });

  it('a default route takes what no other does', () => {
    for (const row of routeRows(9, 1, 102, 2, { ipv4_network: 0, ipv4_prefix: 0 })) model.put(...row);
    const outcome = vswitch.run(echoRequest(11, ip(1, 1), { mac: macOf(101), ip: 0x08080808 }));
    expect(outcome.toAgent.map(({ reason }) => reason)).toEqual([2]);
  });
});

describe('what is not there yet', () => {
  it('an interface without a port is nowhere, and comes when the port does', () => {
    vswitch.unplug(12);
    expect(vswitch.run(arpRequest(11, ip(1, 1), ip(1, 2))).sent).toEqual([]);
    vswitch.port(12);
    expect(ports(vswitch.run(arpRequest(11, ip(1, 1), ip(1, 2))))).toEqual([11]);
  });

  it('a route whose gateway has no address says so', () => {
    model.remove('ip_lease', 102);
    vswitch.compiler.update();
    expect([...vswitch.compiler.waits()].map(({ kind, id, reason }) => `${kind} ${id} waits for ${reason}`)).toEqual([
      'route 2 waits for an IP lease of if-102 in nw-2',
    ]);
  });

  it('the older of two routes to the same range has it, in whatever order they came', () => {
    for (const row of routeRows(7, 1, 101, 1, { ipv4_network: ip(2, 0) })) model.put(...row);
    const before = vswitch.text();
    model.remove('route', 2);
    for (const row of routeRows(2, 1, 102, 2)) model.put(...row);
    expect(vswitch.text()).toBe(before);
    expect(ports(vswitch.run(echoRequest(11, ip(1, 1), { mac: macOf(101), ip: ip(2, 1) })))).toEqual([21]);
  });
});
