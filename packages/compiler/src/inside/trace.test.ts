import { parseIpv4, type TraceAnswer, type TraceQuestion } from '@openvnet/model';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  interfaceRows,
  macLeaseRow,
  networkRows,
  plainInterface,
  routeRows,
  segmentRow,
  staticRow,
  TestModel,
  TestSwitch,
} from '../testing/model.ts';
import { trace } from './trace.ts';

let model: TestModel;
let vswitch: TestSwitch;

/** Networks 1 and 2 joined by a router, network 3 alone; interface 22 has no port yet. */
beforeEach(() => {
  model = new TestModel();
  for (const row of [
    ...networkRows(1),
    ...networkRows(2),
    ...networkRows(3),
    ...interfaceRows(11, 1, 0x0a000101),
    ...interfaceRows(12, 1, 0x0a000102),
    ...interfaceRows(21, 2, 0x0a000201),
    ...interfaceRows(22, 2, 0x0a000202),
    ...interfaceRows(31, 3, 0x0a000301),
    ...interfaceRows(101, 1, 0x0a0001fe, 'simulated'),
    ...interfaceRows(102, 2, 0x0a0002fe, 'simulated'),
    ...routeRows(1, 1, 101, 1),
    ...routeRows(2, 1, 102, 2),
  ])
    model.put(...row);
  vswitch = new TestSwitch(model);
  for (const port of [11, 12, 21, 31]) vswitch.port(port);
});

function ask(id: number, to: string, more: Partial<TraceQuestion> = {}): TraceQuestion {
  const packet = { protocol: 'icmp', port: 80, size: 84, dont_fragment: false } as const;
  return { about: 'trace', interface_id: id, to: parseIpv4(to)!, ...packet, both: true, live: false, ...more };
}

async function from(id: number, to: string, more: Partial<TraceQuestion> = {}): Promise<TraceAnswer> {
  return (await trace([vswitch.inspected()], ask(id, to, more), async (_, packet) => `asked for ${packet}`))!;
}

const text = ({ legs, verdict }: TraceAnswer): string[] => [
  ...legs.flatMap(({ title, steps, verdict: end }) => [
    title,
    ...steps.map(({ table, says }) => `  ${table}: ${says}`),
    `  = ${end}`,
  ]),
  verdict,
];

describe('a trace', () => {
  it('goes through the router and back, each step with what decided it', async () => {
    const answer = await from(11, '10.0.2.1');
    expect(answer.delivered).toBe(true);
    expect(text(answer)).toMatchInlineSnapshot(`
      [
        "if-11 asks for the MAC address of 10.0.1.254",
        "  admit: if-11 may send from 10.0.1.1; the packet is in nw-1",
        "  dispatch: an ARP request for 10.0.1.254",
        "  neighbour: 10.0.1.254 is if-101 in nw-1, at 52:54:00:00:00:65",
        "  arp_answer: 10.0.1.254 answers: it is at 52:54:00:00:00:65",
        "  limit: up to the rate limit of its port",
        "  answer: turned into a reply to the sender",
        "  = 10.0.1.254 is at 52:54:00:00:00:65",
        "packet from if-11 (10.0.1.1) to 10.0.2.1",
        "  admit: if-11 may send from 10.0.1.1; the packet is in nw-1",
        "  dispatch: it is for gateway if-101",
        "  route_in: r-1: from 10.0.1.0/24 into rl-1 by if-101",
        "  route_out: r-2 of rl-1: 10.0.2.0/24 leaves to nw-2 by if-102",
        "  neighbour: 10.0.2.1 is if-21 in nw-2, at 52:54:00:00:00:15",
        "  routed_size: no tunnel limits its size",
        "  rewrite: time to live 64 is decremented; sent from 52:54:00:00:00:66 to 52:54:00:00:00:15",
        "  translate_out: no address is translated",
        "  leave: it may leave by its ingress port",
        "  forward: 52:54:00:00:00:15 is if-21, at port if-21",
        "  output: leaves at port if-21",
        "  = delivered to if-21 at port if-21",
        "if-21 asks for the MAC address of 10.0.2.254",
        "  admit: if-21 may send from 10.0.2.1; the packet is in nw-2",
        "  dispatch: an ARP request for 10.0.2.254",
        "  neighbour: 10.0.2.254 is if-102 in nw-2, at 52:54:00:00:00:66",
        "  arp_answer: 10.0.2.254 answers: it is at 52:54:00:00:00:66",
        "  limit: up to the rate limit of its port",
        "  answer: turned into a reply to the sender",
        "  = 10.0.2.254 is at 52:54:00:00:00:66",
        "reply from if-21 (10.0.2.1) to 10.0.1.1",
        "  admit: if-21 may send from 10.0.2.1; the packet is in nw-2",
        "  dispatch: it is for gateway if-102",
        "  route_in: r-2: from 10.0.2.0/24 into rl-1 by if-102",
        "  route_out: r-1 of rl-1: 10.0.1.0/24 leaves to nw-1 by if-101",
        "  neighbour: 10.0.1.1 is if-11 in nw-1, at 52:54:00:00:00:0b",
        "  routed_size: no tunnel limits its size",
        "  rewrite: time to live 64 is decremented; sent from 52:54:00:00:00:65 to 52:54:00:00:00:0b",
        "  translate_out: no address is translated",
        "  leave: it may leave by its ingress port",
        "  forward: 52:54:00:00:00:0b is if-11, at port if-11",
        "  output: leaves at port if-11",
        "  = delivered to if-11 at port if-11",
        "delivered to if-21 at port if-21, and the reply comes back",
      ]
    `);
  });

  it('in one network is delivered; a gateway answers by itself', async () => {
    expect((await from(11, '10.0.1.2', { both: false })).verdict).toBe('delivered to if-12 at port if-12');
    expect((await from(11, '10.0.1.254')).verdict).toBe('answered by gateway if-101');
    expect((await from(11, '10.0.2.254')).verdict).toBe('answered by gateway if-102');
  });

  it('names the reason why a packet does not arrive', async () => {
    const verdicts = {
      'no such address': (await from(11, '10.0.1.9')).verdict,
      'no such address behind the router': (await from(11, '10.0.2.9')).verdict,
      'not in effect': (await from(11, '10.0.2.2')).verdict,
      'no route': (await from(11, '10.9.9.9')).verdict,
      'no gateway': (await from(31, '10.0.1.1')).verdict,
      'a gateway takes no TCP': (await from(11, '10.0.2.254', { protocol: 'tcp' })).verdict,
      'a simulated sender': (await from(101, '10.0.1.1')).verdict,
    };
    expect(verdicts).toMatchInlineSnapshot(`
      {
        "a gateway takes no TCP": "10.0.2.254 is a gateway itself, which takes echo requests only",
        "a simulated sender": "if-101 is answered for by the switch: it has no guest that could send",
        "no gateway": "10.0.1.1 is not in nw-3, and no gateway of nw-3 belongs to a router",
        "no route": "no route: rl-1 has no route to 10.9.9.9",
        "no such address": "nobody in nw-1 has 10.0.1.9",
        "no such address behind the router": "nobody in nw-2 has 10.0.2.9",
        "not in effect": "10.0.2.2 is of if-22, which is not in effect here",
      }
    `);
    expect((await from(11, '10.0.2.2')).legs.at(-1)!.blocked_by).toBe('if-22');
  });

  it('goes on to stations outside, of which only they know', async () => {
    for (const row of [...plainInterface(41, 'promiscuous', 'if-41'), staticRow(1, 41, { network: 1 })])
      model.put(...row);
    vswitch.port(41);
    const near = await from(11, '10.0.1.99');
    expect([near.delivered, near.legs.length, near.verdict]).toEqual([
      true,
      1,
      'nobody here has 10.0.1.99: the ARP request leaves for stations outside at port if-41',
    ]);
    const far = await from(21, '10.0.1.99');
    expect([far.delivered, far.verdict]).toEqual([
      false,
      'waits until 10.0.1.99 in nw-1 has told the agent its MAC address',
    ]);
    expect(text(far).at(-4)).toBe('  rewrite: the agent resolves the MAC address of 10.0.1.99 in nw-1');
    vswitch.compiler.relations.resolved.set({ id: 1, domain_id: 1, ip: 0x0a000163, mac: 0x020000000099 });
    const known = await from(21, '10.0.1.99');
    expect([known.delivered, known.verdict]).toEqual([true, 'leaves for stations outside at port if-41']);
    expect(text(known).slice(-5)).toMatchInlineSnapshot(`
      [
        "  leave: it may leave by its ingress port",
        "  forward: nobody here has 02:00:00:00:00:99: it leaves nw-1 at port if-41",
        "  output: leaves at port if-41",
        "  = leaves for stations outside at port if-41",
        "leaves for stations outside at port if-41",
      ]
    `);
  });

  it('says that a guest of a segment has no address to send from', async () => {
    for (const row of [segmentRow(1), ...plainInterface(42, 'vif', 'if-42'), macLeaseRow(42, 42, 1)]) model.put(...row);
    vswitch.port(42);
    expect((await from(42, '10.0.1.1')).verdict).toBe(
      'if-42 has no IP lease: in seg-1 frames go by MAC address, from whatever address its guest has',
    );
  });

  it('says where a packet is too large for a network', async () => {
    for (const row of networkRows(2, undefined, { mtu: 1400 })) model.put(...row);
    const fits = await from(11, '10.0.2.1', { size: 1400, both: false });
    expect(fits.verdict).toBe('delivered to if-21 at port if-21');
    const parts = await from(11, '10.0.2.1', { size: 1401, both: false });
    expect([parts.delivered, parts.verdict]).toEqual([
      true,
      "delivered to if-21 at port if-21, in fragments of up to 1400 bytes; with don't-fragment set, as TCP sets it, its sender would be told to send less (--dont-fragment)",
    ]);
    const { delivered, verdict, legs } = await from(11, '10.0.2.1', { size: 1401, dont_fragment: true });
    expect([delivered, verdict]).toEqual([
      false,
      "its 1401 bytes are more than the 1400 that nw-2 takes, and don't-fragment is set: its sender receives ICMP fragmentation needed",
    ]);
    expect(legs.at(-1)!.cause).toEqual({ what: 'too_large', network_id: 2, size: 1401, mtu: 1400, datapath_id: null });
    const said = legs.at(-1)!.steps.map(({ table, feature, says }) => `${table} ${feature}: ${says}`);
    expect(said.slice(-5)).toEqual([
      'route_out route: r-2 of rl-1: 10.0.2.0/24 leaves to nw-2 by if-102, which takes up to 1400 bytes',
      'neighbour neighbour: 10.0.2.1 is if-21 in nw-2, at 52:54:00:00:00:15',
      'routed_size miss: no tunnel limits its size',
      'rewrite path_mtu: it is larger than nw-2 takes',
      'hand_over hand_over: goes to the agent: fragmentation_needed',
    ]);
  });

  it('of a broadcast names who hears it', async () => {
    const { delivered, verdict, legs } = await from(11, '10.0.1.255');
    expect([delivered, verdict, legs.length]).toEqual([true, 'delivered to if-12', 1]);
    expect((await from(11, '224.0.0.251')).verdict).toBe('delivered to if-12');
  });

  it('does not say "arrives" beside what is known to keep it from arriving', async () => {
    const down = ['the link of port if-12 on dp-1 is down. Use: ip link set if-12 up'];
    const reality = { obstacles: (id: number) => (id === 12 ? down : []), refusals: () => ['if-11: refused'] };
    const answer = await trace([{ ...vswitch.inspected(), reality }], ask(11, '10.0.1.2'), async () => '');
    expect(answer).toMatchObject({ delivered: false, against: down });
    expect(answer!.verdict).toBe(
      `${down[0]}; by its flows alone it would be delivered to if-12 at port if-12, and the reply comes back`,
    );
    expect(answer!.notes).toContain('if-11: refused');
  });

  it('says where a switch has no connection, and where a guest has never sent', async () => {
    const { connection: _, ...lost } = vswitch.inspected();
    const answer = await trace([{ ...lost, connection: undefined }], ask(11, '10.0.1.2'), async () => '');
    expect(answer!.delivered).toBe(false);
    expect(answer!.against[0]).toMatch(/^the switch of .* is not connected/);
    const { notes } = await from(11, '10.0.1.2');
    expect(notes).toContainEqual(
      expect.stringMatching(/^no frame of if-11 \(.*, 10\.0\.1\.1\) has come in at port if-11/),
    );
  });

  it('of a reply that has no way back says so', async () => {
    model.put(...routeRows(2, 1, 102, 2, { ingress: false })[1]!);
    const { delivered, verdict } = await from(11, '10.0.2.1');
    expect(delivered).toBe(false);
    expect(verdict).toMatch(/^delivered to if-21 at port if-21, but not the reply: /);
  });

  it('asks the switch itself where it is told to', async () => {
    const { legs } = await from(11, '10.0.1.2', { protocol: 'udp', port: 53, live: true, both: false });
    expect(legs.map(({ live }) => live)).toEqual([
      'asked for in_port=11,eth_src=52:54:00:00:00:0b,eth_dst=ff:ff:ff:ff:ff:ff,eth_type=2054,arp_op=1,arp_sha=52:54:00:00:00:0b,arp_spa=10.0.1.1,arp_tha=00:00:00:00:00:00,arp_tpa=10.0.1.2',
      'asked for in_port=11,eth_src=52:54:00:00:00:0b,eth_dst=52:54:00:00:00:0c,eth_type=2048,nw_src=10.0.1.1,nw_dst=10.0.1.2,ip_proto=17,nw_ttl=64,udp_src=40000,udp_dst=53',
    ]);
  });

  it('is not for the agent of another host', async () => {
    const question = {
      about: 'trace',
      interface_id: 22,
      to: 0,
      protocol: 'icmp',
      port: 0,
      size: 84,
      dont_fragment: false,
      both: true,
      live: false,
    } as const;
    expect(await trace([vswitch.inspected()], question, async () => '')).toBeNull();
  });
});
