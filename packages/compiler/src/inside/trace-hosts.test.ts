import { type HostTrace, parseIpv4, type TraceOnward, type TraceQuestion } from '@openvnet/model';
import { beforeEach, describe, expect, it } from 'vitest';
import { TestHosts } from '../testing/hosts.ts';
import { interfaceRows, networkRows, plainInterface, routeRows, staticRow, TestModel } from '../testing/model.ts';
import { trace, traceArrival } from './trace.ts';

let model: TestModel;
let hosts: TestHosts;

/** Guests 11 and 12 of network 1 on hosts 1 and 2, guest 21 of network 2 on host 2, with a router between. */
beforeEach(() => {
  model = new TestModel();
  for (const row of [
    ...networkRows(1),
    ...networkRows(2),
    ...interfaceRows(11, 1, 0x0a000101),
    ...interfaceRows(12, 1, 0x0a000102),
    ...interfaceRows(21, 2, 0x0a000201),
    ...interfaceRows(101, 1, 0x0a0001fe, 'simulated'),
    ...interfaceRows(102, 2, 0x0a0002fe, 'simulated'),
    ...routeRows(1, 1, 101, 1),
    ...routeRows(2, 1, 102, 2),
  ])
    model.put(...row);
  hosts = new TestHosts(model, [1, 2, 3]);
  hosts.plug(1, 11).plug(2, 12, 21);
});

const live = async (dpid: string, packet: string): Promise<string> => `${dpid} asked for ${packet}`;

async function from(host: number, id: number, to: string, more: Partial<TraceQuestion> = {}): Promise<HostTrace> {
  const packet = { protocol: 'icmp', port: 80, size: 84, dont_fragment: false } as const;
  const question = {
    about: 'trace',
    interface_id: id,
    to: parseIpv4(to)!,
    ...packet,
    both: true,
    live: false,
  } as const;
  return (await trace([hosts.host(host).inspected()], { ...question, ...more }, live))!;
}

async function arrive(host: number, copy: TraceOnward, asks = false): Promise<HostTrace> {
  return (await traceArrival([hosts.host(host).inspected()], { about: 'arrival', ...copy, live: asks }, live))!;
}

const text = ({ legs, verdict }: HostTrace): string[] => [
  ...legs.flatMap(({ title, datapath_uuid, steps, verdict: end }) => [
    `${datapath_uuid}: ${title}`,
    ...steps.map(({ table, says }) => `  ${table}: ${says}`),
    `  = ${end}`,
  ]),
  verdict,
];

describe('a trace to a guest on another host', () => {
  it('leaves by the tunnel, and goes on at its other end', async () => {
    const there = await from(1, 11, '10.0.2.1');
    expect(there).toMatchObject({ delivered: false, leaves: true, receiver: null, against: [] });
    expect(text(there).slice(-5)).toMatchInlineSnapshot(`
      [
        "  forward: 52:54:00:00:00:15 is if-21, on dp-2",
        "  peer_size: the tunnel takes up to 1450 bytes",
        "  to_peer: sent to dp-2; the packet is in nw-2",
        "  = sent to dp-2 by a geneve tunnel to 172.31.0.2",
        "sent to dp-2 by a geneve tunnel to 172.31.0.2",
      ]
    `);
    const [copy, ...others] = there.onward;
    expect(others).toEqual([]);
    expect(copy).toMatchObject({ datapath_id: 2, encapsulation: 'geneve', from: '172.31.0.1', to: '172.31.0.2' });
    const here = await arrive(2, copy!);
    expect(here).toMatchObject({ delivered: true, leaves: false, onward: [] });
    expect(here.receiver).toEqual({ interface_id: 21, ip: parseIpv4('10.0.2.1'), sender: parseIpv4('10.0.1.1') });
    expect(text(here)).toMatchInlineSnapshot(`
      [
        "dp-2: out of the geneve tunnel from dp-1 (172.31.0.1)",
        "  admit: it comes out of a tunnel",
        "  from_peer: sent by dp-1; the packet is in nw-2",
        "  resume: it is no packet that another host has left to this one to route",
        "  forward: 52:54:00:00:00:15 is if-21, at port if-21",
        "  output: leaves at port if-21",
        "  = delivered to if-21 at port if-21",
        "delivered to if-21 at port if-21",
      ]
    `);
  });

  it('replies from the address that the packet was for', async () => {
    const back = await from(2, 21, '10.0.1.1', { sender: parseIpv4('10.0.2.1')!, reply: true });
    expect(back.legs.at(-1)!.title).toBe('reply from if-21 (10.0.2.1) to 10.0.1.1');
    const { verdict, receiver } = await arrive(1, back.onward[0]!);
    expect([verdict, receiver?.interface_id]).toEqual(['delivered to if-11 at port if-11', 11]);
  });

  it('asks the switch at the other end too', async () => {
    const { onward } = await from(1, 11, '10.0.1.2');
    const { legs } = await arrive(2, onward[0]!, true);
    expect(legs[0]!.live).toBe(
      '0000000000000002 asked for in_port=1000,eth_src=52:54:00:00:00:0b,eth_dst=52:54:00:00:00:0c,eth_type=2048,nw_src=10.0.1.1,nw_dst=10.0.1.2,ip_proto=1,nw_ttl=64,icmp_type=8,icmp_code=0,tun_id=1,tun_src=172.31.0.1',
    );
  });

  it('goes over an IPv6 underlay', async () => {
    for (const id of [1, 2])
      model.put('datapath', { ...model.relations.datapath.get(id)!, tunnel_address: `fd00:31::${id}` });
    const { onward } = await from(1, 11, '10.0.1.2');
    expect(onward).toMatchObject([{ datapath_id: 2, from: 'fd00:31::1', to: 'fd00:31::2' }]);
    const { delivered, legs } = await arrive(2, onward[0]!, true);
    expect(delivered).toBe(true);
    expect(legs[0]!.live).toMatch(/,tun_ipv6_src=fd00:0031:0000:0000:0000:0000:0000:0001$/);
  });

  it('of a broadcast leaves copies here and there', async () => {
    for (const row of interfaceRows(13, 1, 0x0a000103)) model.put(...row);
    hosts.plug(1, 13);
    const there = await from(1, 11, '10.0.1.255');
    expect([there.delivered, there.leaves, there.verdict]).toEqual([
      true,
      false,
      'delivered to if-13, and sent to dp-2 by a geneve tunnel to 172.31.0.2',
    ]);
    expect((await arrive(2, there.onward[0]!)).verdict).toBe('delivered to if-12');
  });
});

describe('a trace tells why nothing arrives', () => {
  it('where a host has no tunnel address', async () => {
    model.put('datapath', { ...model.relations.datapath.get(2)!, tunnel_address: null });
    const { delivered, verdict, legs } = await from(1, 11, '10.0.1.2');
    expect([delivered, verdict, legs.at(-1)!.blocked_by]).toEqual([
      false,
      'its receiver is on dp-2, and no tunnel leads there: dp-2 has no tunnel address',
      'dp-2',
    ]);
    model.put('datapath', { ...model.relations.datapath.get(1)!, tunnel_address: null });
    expect((await from(1, 11, '10.0.1.2')).legs.at(-1)!.blocked_by).toBe('dp-1');
  });

  it('where the receiving host knows no such sender, or has no tunnel port', async () => {
    const [copy] = (await from(1, 11, '10.0.1.2')).onward;
    const stranger = await arrive(2, { ...copy!, from: '172.31.0.99' });
    expect([stranger.delivered, stranger.verdict]).toEqual([
      false,
      'dropped in table from_peer: no other host has the tunnel address 172.31.0.99',
    ]);
    for (const { id } of [...hosts.host(2).compiler.relations.tunnel.rows()])
      hosts.host(2).compiler.relations.tunnel.delete(id);
    expect((await arrive(2, copy!)).verdict).toBe('dp-2 has no geneve tunnel port');
  });

  it('where the packet is larger than what the tunnel carries', async () => {
    for (const id of [1, 2]) model.put('datapath', { ...model.relations.datapath.get(id)!, underlay_mtu: 1500 });
    const fits = await from(1, 11, '10.0.1.2', { size: 1450 });
    expect(fits.against).toEqual([]);
    const large = await from(1, 11, '10.0.1.2', { size: 1451 });
    expect(large).toMatchObject({ delivered: false, leaves: true, against: [] });
    expect(large.legs.at(-1)!.title).toBe('its fragments of up to 1450 bytes');
    const whole = await from(1, 11, '10.0.1.2', { size: 1451, dont_fragment: true });
    expect(whole).toMatchObject({ delivered: false, leaves: false });
    expect(whole.legs.at(-1)).toMatchObject({
      verdict:
        "its 1451 bytes are more than the 1450 that the tunnel to dp-2 takes, and don't-fragment is set: its sender receives ICMP fragmentation needed",
      cause: { what: 'too_large', network_id: 1, size: 1451, mtu: 1450, datapath_id: 2 },
    });
  });

  it('where the receiver is not there any more', async () => {
    const [copy] = (await from(1, 11, '10.0.1.2')).onward;
    hosts.host(2).unplug(12);
    const { delivered, verdict } = await arrive(2, copy!);
    expect([delivered, verdict]).toEqual([false, 'dropped in table forward: nobody in nw-1 has 52:54:00:00:00:0c']);
  });
});

describe('a trace to a station outside, behind the uplink of another host', () => {
  it('goes on in the router of that host', async () => {
    for (const row of [...plainInterface(52, 'promiscuous', 'if-52'), staticRow(52, 52, { network: 2 })])
      model.put(...row);
    hosts.plug(2, 52);
    hosts.host(2).compiler.relations.resolved.set({ id: 1, domain_id: 2, ip: 0x0a000209, mac: 0x525400000099 });
    const there = await from(1, 11, '10.0.2.9');
    expect(text(there).slice(-5)).toMatchInlineSnapshot(`
      [
        "  rewrite: dp-2 has the uplink of nw-2, and resolves 10.0.2.9 there",
        "  peer_size: the tunnel takes up to 1450 bytes",
        "  to_peer: sent to dp-2; the packet is in nw-2",
        "  = sent to dp-2 by a geneve tunnel to 172.31.0.2",
        "sent to dp-2 by a geneve tunnel to 172.31.0.2",
      ]
    `);
    expect(text(await arrive(2, there.onward[0]!))).toMatchInlineSnapshot(`
      [
        "dp-2: out of the geneve tunnel from dp-1 (172.31.0.1)",
        "  admit: it comes out of a tunnel",
        "  from_peer: sent by dp-1; the packet is in nw-2",
        "  resume: the host of its sender leaves the routing to this one, which has the uplink",
        "  route_out: r-2 of rl-1: 10.0.2.0/24 leaves to nw-2 by if-102",
        "  neighbour: 10.0.2.9 is a station in nw-2, at 52:54:00:00:00:99",
        "  routed_size: no tunnel limits its size",
        "  rewrite: time to live 64 is decremented; sent from 52:54:00:00:00:66 to 52:54:00:00:00:99",
        "  translate_out: no address is translated",
        "  leave: routed by this host, it may go to any other",
        "  forward: nobody here has 52:54:00:00:00:99: it leaves nw-2 at port if-52",
        "  output: leaves at port if-52",
        "  = leaves for stations outside at port if-52",
        "leaves for stations outside at port if-52",
      ]
    `);
  });
});
