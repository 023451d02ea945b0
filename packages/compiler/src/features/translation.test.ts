import { decodeFlow } from '@openvnet/openflow';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Outcome, Packet } from '../simulate/simulate.ts';
import {
  echoRequest,
  interfaceRows,
  macOf,
  networkRows,
  type Put,
  routeRows,
  routingLease,
  segment,
  TestModel,
  TestSwitch,
  translatingRow,
  translationRows,
} from '../testing/model.ts';

const ip = (network: number, host: number): number => 0x0a000000 + network * 256 + host;
const outside = { ingress_ipv4_address: ip(2, 100), egress_ipv4_address: ip(1, 11) };
const web = { ...outside, ingress_port_number: 8080, egress_port_number: 80 };

let model: TestModel;
let vswitch: TestSwitch;

/** Guest 11 is inside, in network 1; guest 21 is outside, in network 2, whose gateway 102 translates. */
beforeEach(() => {
  model = new TestModel();
  put(
    ...networkRows(1),
    ...networkRows(2),
    ...interfaceRows(11, 1, ip(1, 11)),
    ...interfaceRows(12, 1, ip(1, 12)),
    ...interfaceRows(21, 2, ip(2, 21)),
    ...interfaceRows(101, 1, ip(1, 254), 'simulated'),
    ...interfaceRows(102, 2, ip(2, 254), 'simulated'),
    translatingRow(102),
    routingLease(202, 102, 2, ip(2, 100)),
    ...routeRows(1, 1, 101, 1),
    ...routeRows(2, 1, 102, 2),
  );
  vswitch = new TestSwitch(model);
  for (const port of [11, 12, 21]) vswitch.port(port);
});

function put(...rows: readonly Put[]): void {
  for (const row of rows) model.put(...row);
}

const endpoints = ({ sent, toAgent }: Outcome): unknown[] => [
  ...sent.map(({ port, packet }) => {
    const [from, to] = [packet.tcp_src ?? 0, packet.tcp_dst ?? 0].map(Number);
    return [port, `${Number(packet.ipv4_src) - ip(0, 0)}:${from}`, `${Number(packet.ipv4_dst) - ip(0, 0)}:${to}`];
  }),
  ...toAgent.map(({ reason }) => reason),
];
const inward = (to: number, port = 80): unknown[] =>
  endpoints(vswitch.run(segment([21, ip(2, 21), 5000], { mac: macOf(102), ip: to, port })));
const outward = (from: number, port = 80): unknown[] =>
  endpoints(vswitch.run(segment([from, ip(1, from), port], { mac: macOf(101), ip: ip(2, 21), port: 5000 })));
/** Network and host, and port, as `endpoints` writes them. */
const at = (network: number, host: number, port: number): string => `${network * 256 + host}:${port}`;

/** The first and a later fragment of a datagram, as they leave: port of the switch, the address and port that changed. */
function fragments(packet: Packet, side: 'src' | 'dst'): unknown[] {
  const { udp_src: _, udp_dst: __, ...rest } = packet;
  return [
    { ...packet, ip_frag: 1 },
    { ...rest, ip_frag: 3 },
  ].flatMap((each) =>
    vswitch.run(each).sent.map(({ port, packet: sent }) => {
      const number = sent[`udp_${side}`];
      return [port, Number(sent[`ipv4_${side}`]), number === undefined ? undefined : Number(number)];
    }),
  );
}
const fragmentsIn = (port: number): unknown[] =>
  fragments(segment([21, ip(2, 21), 5000], { mac: macOf(102), ip: ip(2, 100), port }, 'udp'), 'dst');
const fragmentsOut = (port: number): unknown[] =>
  fragments(segment([11, ip(1, 11), port], { mac: macOf(101), ip: ip(2, 21), port: 5000 }, 'udp'), 'src');

describe('a translation', () => {
  it('makes an address outside one inside, and back', () => {
    put(...translationRows(1, 102, [outside]));
    expect(inward(ip(2, 100))).toEqual([[11, at(2, 21, 5000), at(1, 11, 80)]]);
    expect(outward(11)).toEqual([[21, at(2, 100, 80), at(2, 21, 5000)]]);
    const ping = vswitch.run(echoRequest(21, ip(2, 21), { mac: macOf(102), ip: ip(2, 100) }));
    expect(endpoints(ping)).toEqual([[11, at(2, 21, 0), at(1, 11, 0)]]);
  });

  it('of a port is of that port alone, and goes before that of an address', () => {
    put(...translationRows(1, 102, [web]));
    expect(inward(ip(2, 100), 8080)).toEqual([[11, at(2, 21, 5000), at(1, 11, 80)]]);
    expect(outward(11, 80)).toEqual([[21, at(2, 100, 8080), at(2, 21, 5000)]]);
    expect([inward(ip(2, 100), 80), outward(11, 81)]).toEqual([[], []]);
    put(...translationRows(5, 102, [{ ...outside, egress_ipv4_address: ip(1, 12) }]));
    expect(inward(ip(2, 100), 8080)).toEqual([[11, at(2, 21, 5000), at(1, 11, 80)]]);
    expect(inward(ip(2, 100), 80)).toEqual([[12, at(2, 21, 5000), at(1, 12, 80)]]);
  });

  it('keeps what it does not translate from passing, unless told otherwise', () => {
    put(...translationRows(1, 102, [outside]));
    expect([inward(ip(1, 12)), outward(12)]).toEqual([[], []]);
    put(...translationRows(1, 102, [outside], true));
    expect(inward(ip(1, 12))).toEqual([[12, at(2, 21, 5000), at(1, 12, 80)]]);
    expect(outward(12)).toEqual([[21, at(1, 12, 80), at(2, 21, 5000)]]);
    expect(outward(11)).toEqual([[21, at(2, 100, 80), at(2, 21, 5000)]]);
  });

  it('leaves the gateway its own address', () => {
    const ping = vswitch.run(echoRequest(21, ip(2, 21), { mac: macOf(102), ip: ip(2, 254) }));
    expect(endpoints(ping)).toEqual([[21, at(2, 254, 0), at(2, 21, 0)]]);
  });

  it('of one logical router is no matter of another', () => {
    put(...translationRows(1, 102, [{ ...outside, route_link_id: 1 }]));
    expect(inward(ip(2, 100))).toEqual([[11, at(2, 21, 5000), at(1, 11, 80)]]);
    expect(outward(11)).toEqual([[21, at(2, 100, 80), at(2, 21, 5000)]]);
    put(...translationRows(1, 102, [{ ...outside, route_link_id: 2 }]));
    expect([inward(ip(2, 100)), outward(11)]).toEqual([[1], []]);
  });

  it('says that its address is not leased for routing', () => {
    model.remove('ip_lease', 202);
    put(...translationRows(1, 102, [outside]));
    expect(inward(ip(2, 100))).toEqual([]);
    expect([...vswitch.compiler.waits()].map(({ kind, id, reason }) => `${kind} ${id} waits for ${reason}`)).toEqual([
      'translation 1 waits for an IP lease of if-102 with enable_routing for each of its ingress addresses',
    ]);
  });

  it('is none where the interface does not translate', () => {
    put(...translationRows(1, 102, [outside]), translatingRow(102, false));
    expect(outward(11)).toEqual([[21, at(1, 11, 80), at(2, 21, 5000)]]);
    expect(inward(ip(1, 12))).toEqual([[12, at(2, 21, 5000), at(1, 12, 80)]]);
  });

  it('tells the sender who it was when the packet has lived too long', () => {
    put(...translationRows(1, 102, [outside]));
    const { toAgent } = vswitch.run(echoRequest(11, ip(1, 11), { mac: macOf(101), ip: ip(2, 21) }, 1));
    expect(toAgent.map(({ packet }) => Number(packet.ipv4_src))).toEqual([ip(1, 11)]);
  });

  it('takes fragments of datagrams by connection tracking, the later ones by their addresses', () => {
    put(...translationRows(1, 102, [outside, web]));
    expect(fragmentsIn(8080)).toEqual([
      [11, ip(1, 11), 80],
      [11, ip(1, 11), undefined],
    ]);
    expect(fragmentsIn(81)).toEqual([
      [11, ip(1, 11), 81],
      [11, ip(1, 11), undefined],
    ]);
    expect(fragmentsOut(80)).toEqual([
      [21, ip(2, 100), 8080],
      [21, ip(2, 100), undefined],
    ]);
    expect(fragmentsOut(81)).toEqual([
      [21, ip(2, 100), 81],
      [21, ip(2, 100), undefined],
    ]);
    put(...translationRows(1, 102, [{ ...web, route_link_id: 1 }]));
    model.remove('translation_static_address', 2);
    expect(fragmentsIn(8080)).toEqual([
      [11, ip(1, 11), 80],
      [11, ip(1, 11), undefined],
    ]);
    expect(fragmentsOut(80)).toEqual([
      [21, ip(2, 100), 8080],
      [21, ip(2, 100), undefined],
    ]);
    expect(fragmentsIn(81)).toEqual([[11, ip(1, 11), undefined]]);
  });

  it('drops later fragments that could be of several, and lets none of them pass as it is', () => {
    const other = { ...web, egress_ipv4_address: ip(1, 12), ingress_port_number: 8081 };
    put(...translationRows(1, 102, [web, other], true));
    expect(fragmentsIn(8080)).toEqual([[11, ip(1, 11), 80]]);
    expect(fragmentsIn(8081)).toEqual([[12, ip(1, 12), 80]]);
    // On the way out each has one address.
    expect(fragmentsOut(80)).toEqual([
      [21, ip(2, 100), 8080],
      [21, ip(2, 100), undefined],
    ]);
  });

  it('notes each pair of addresses and each way by itself, and sets no address of a later fragment without', () => {
    put(...translationRows(1, 102, [outside, { ...web, egress_ipv4_address: ip(1, 12) }]));
    vswitch.compiler.update();
    const { flows } = vswitch.compiler;
    const zones = new Set<unknown>();
    for (const flow of [...flows.keys()].map((key) => decodeFlow({ key, body: flows.get(key)! })))
      for (const instruction of flow.instructions)
        for (const action of instruction.type === 'apply_actions' ? instruction.actions : []) {
          if (action.type === 'ct') zones.add(action.zone);
          if (flow.match.ip_frag !== undefined && action.type === 'set_field')
            expect(action.field).toMatch(/^(tcp|udp)_/);
        }
    expect(zones.size).toBe(4);
  });

  it('leaves fragments of an echo alone, which are sound without', () => {
    put(...translationRows(1, 102, [outside]));
    const ping = { ...echoRequest(21, ip(2, 21), { mac: macOf(102), ip: ip(2, 100) }), ip_frag: 1 };
    const { sent, trace } = vswitch.run(ping);
    expect(sent.map(({ packet }) => Number(packet.ipv4_dst))).toEqual([ip(1, 11)]);
    expect(trace.map(({ table }) => table)).not.toContain('fragments_in');
  });

  it('costs six flows; of an address with ports eight, and four for all of them', () => {
    const size = (): number => {
      vswitch.compiler.update();
      return vswitch.compiler.flows.size;
    };
    const before = size();
    put(...translationRows(1, 102, [outside]));
    expect(size() - before).toBe(6);
    put(...translationRows(1, 102, [web]));
    expect(size() - before).toBe(12);
    put(...translationRows(1, 102, [web, { ...web, ingress_port_number: 8081, egress_port_number: 81 }]));
    expect(size() - before).toBe(20);
  });
});
