import type { Encapsulation } from '@openvnet/model';
import { describe, expect, it } from 'vitest';
import { agentReasons } from '../pipeline/tables.ts';
import type { Packet } from '../simulate/simulate.ts';
import { TestHosts } from '../testing/hosts.ts';
import {
  datapathRow,
  echoRequest,
  interfaceRows,
  macOf,
  networkRows,
  placementRow,
  routeRows,
  TestModel,
} from '../testing/model.ts';

const address = (network: number, host: number): number => 0x0a000000 + network * 256 + host;

/** Guests 1 and 2 in network 1 and 3 in network 2, each on the host of its number, with a router between the networks. */
function hostsWith(encapsulation: Encapsulation | null, mtus: readonly (number | null)[]) {
  const model = new TestModel();
  const rows = [
    ...networkRows(1),
    ...networkRows(2),
    ...interfaceRows(1, 1, address(1, 1)),
    ...interfaceRows(2, 1, address(1, 2)),
    ...interfaceRows(3, 2, address(2, 3)),
    ...interfaceRows(11, 1, address(1, 254), 'simulated'),
    ...interfaceRows(12, 2, address(2, 254), 'simulated'),
    ...routeRows(1, 1, 11, 1),
    ...routeRows(2, 1, 12, 2),
  ];
  for (const row of rows) model.put(...row);
  const hosts = new TestHosts(model, [1, 2, 3]);
  for (const [i, underlay_mtu] of mtus.entries()) model.put(...datapathRow(i + 1, { encapsulation, underlay_mtu }));
  hosts.plug(1, 1).plug(2, 2).plug(3, 3);
  return { model, hosts };
}

const switched = echoRequest(1, address(1, 1), { mac: macOf(2), ip: address(1, 2) });
const routed = echoRequest(1, address(1, 1), { mac: macOf(11), ip: address(2, 3) });
const reasons = agentReasons;

/** What becomes of a frame with an IP packet of so many bytes: the hosts where it arrives, or why an agent has it. */
function fate(hosts: TestHosts, packet: Packet, size: number) {
  const { arrived, toAgents } = hosts.run(1, { ...packet, size: size + 14 });
  return [...arrived.map(({ host }) => host), ...toAgents.map(({ host, reason }) => [host, reason])];
}

describe('what is larger than a tunnel takes', () => {
  it.each([
    [null, [1500, 1500, 1500], 1450],
    ['geneve', [1600, 1600, 1600], 1550],
    ['vxlan', [1500, 1500, 1500], 1450],
    ['gre', [1500, 9000, 9000], 1458],
    ['geneve', [9000, 1400, 1400], 1350],
  ] as const)('goes to the agent of the sender: %s, MTU of the underlays %j, %i bytes', (encapsulation, mtus, most) => {
    const { hosts } = hostsWith(encapsulation, mtus);
    expect([fate(hosts, switched, most), fate(hosts, switched, most + 1)]).toEqual([
      [2],
      [[1, reasons.too_large_for_tunnel]],
    ]);
    expect([fate(hosts, routed, most), fate(hosts, routed, most + 1)]).toEqual([
      [3],
      [[1, reasons.fragmentation_needed]],
    ]);
  });

  it('goes by the limit of each path', () => {
    const { model, hosts } = hostsWith(null, [1500, 1500, 1400]);
    expect([fate(hosts, switched, 1450), fate(hosts, routed, 1351)]).toEqual([
      [2],
      [[1, reasons.fragmentation_needed]],
    ]);
    // Of network and tunnel, what takes less.
    for (const row of networkRows(2, undefined, { mtu: 1300 })) model.put(...row);
    expect([fate(hosts, routed, 1300), fate(hosts, routed, 1301)]).toEqual([[3], [[1, reasons.fragmentation_needed]]]);
    for (const row of networkRows(2, undefined, { mtu: 1400 })) model.put(...row);
    expect([fate(hosts, routed, 1350), fate(hosts, routed, 1351)]).toEqual([[3], [[1, reasons.fragmentation_needed]]]);
  });

  it('is sent on where the MTU of an underlay is not known', () => {
    const { hosts } = hostsWith(null, [1500, null, 1500]);
    expect(fate(hosts, switched, 9000)).toEqual([2]);
  });

  it('is neither checked in a broadcast nor on one host', () => {
    const { model, hosts } = hostsWith(null, [1500, 1500, 1500]);
    const toAll = { ...switched, eth_dst: 0xffff_ffff_ffff, ipv4_dst: 0xffff_ffff };
    expect(fate(hosts, toAll, 1500)).toEqual([2]);
    for (const row of interfaceRows(4, 1, address(1, 4))) model.put(...row);
    hosts.plug(1, 4);
    expect(fate(hosts, { ...switched, eth_dst: macOf(4), ipv4_dst: address(1, 4) }, 9000)).toEqual([1]);
  });

  it('is checked for each host that an interface which moves may be on', () => {
    const { model, hosts } = hostsWith(null, [1500, 1500, null]);
    hosts.host(3).port(2);
    model.put(...placementRow(2, 3, true));
    expect([fate(hosts, switched, 1450), fate(hosts, switched, 1451)]).toEqual([
      [2, 3],
      [3, [1, reasons.too_large_for_tunnel]],
    ]);
  });
});

describe('the kernel of another host, which reports what is too large', () => {
  /** As Linux makes it of a packet that host 1 has sent to a guest on another host: addresses swapped. */
  const report = (ipv4_src: number, eth_src: number, eth_dst: number, tun: { host: number; key: number }) => ({
    in_port: 1000,
    tun_src: 0xac1f_0000 + tun.host,
    tunnel_id: tun.key,
    eth_src,
    eth_dst,
    eth_type: 0x0800,
    ipv4_src,
    ipv4_dst: address(1, 1),
    ip_proto: 1,
    nw_ttl: 64,
    icmpv4_type: 3,
    icmpv4_code: 4,
  });

  it('is heard by the guest, also where a router has sent the packet', () => {
    const { hosts } = hostsWith(null, [1500, 1500, 1500]);
    const ofSwitched = report(address(1, 2), macOf(2), macOf(1), { host: 2, key: 1 });
    const ofRouted = report(address(2, 3), macOf(3), macOf(12), { host: 3, key: 2 });
    for (const one of [ofSwitched, ofRouted])
      expect(hosts.run(1, one).arrived.map(({ host, port }) => [host, port])).toEqual([[1, 1]]);
    // Nothing else is routed for another host, and this is not for hosts that are none.
    expect(hosts.run(1, { ...ofRouted, icmpv4_code: 1 }).arrived).toEqual([]);
    expect(hosts.run(1, { ...ofRouted, tun_src: 0xac1f_0063 }).arrived).toEqual([]);
  });
});
