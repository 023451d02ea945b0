import { beforeEach, describe, expect, it } from 'vitest';
import type { Outcome, Packet } from '../simulate/simulate.ts';
import {
  arpRequest,
  echoRequest,
  filteringRow,
  filterRow,
  interfaceRows,
  macOf,
  networkRows,
  type Put,
  ruleRow,
  segment,
  TestModel,
  TestSwitch,
} from '../testing/model.ts';

const ip = (host: number): number => 0x0a000100 + host;
const host = (id: number, port = 0) => ({ mac: macOf(id), ip: ip(id), port });
const broadcastMac = 0xffff_ffff_ffff;
const sent = ({ sent: copies }: Outcome): number[] => copies.map(({ port }) => port);

let model: TestModel;
let vswitch: TestSwitch;

/** Interface 11 has a filter, and 12 and 13 do not. */
beforeEach(() => {
  model = new TestModel();
  for (const row of networkRows(1)) model.put(...row);
  for (const id of [11, 12, 13]) for (const row of interfaceRows(id, 1, ip(id))) model.put(...row);
  vswitch = new TestSwitch(model);
  for (const port of [11, 12, 13]) vswitch.port(port);
  put(filteringRow(11, true), filterRow(1, 11));
});

const put = (...rows: Put[]): void => {
  for (const row of rows) model.put(...row);
};
const passes = (packet: Packet): boolean => sent(vswitch.run(packet)).length > 0;

const tcp = (from: number, to: number, ports: readonly [number, number]): boolean =>
  passes(segment([from, ip(from), ports[0]], host(to, ports[1])));
const udp = (from: number, to: number, ports: readonly [number, number]): boolean =>
  passes(segment([from, ip(from), ports[0]], host(to, ports[1]), 'udp'));
const ping = (from: number, to: number): boolean => passes(echoRequest(from, ip(from), host(to)));
const arp = (from: number, to: number): boolean =>
  passes({ ...arpRequest(from, ip(from), ip(to)), eth_dst: macOf(to), arp_op: 2 });

describe('a filtered interface', () => {
  it('without rules sends and receives ARP alone', () => {
    expect([ping(11, 12), ping(12, 11), tcp(11, 12, [1, 2]), tcp(12, 11, [1, 2])]).toEqual(Array(4).fill(false));
    expect([arp(11, 12), arp(12, 11), passes(arpRequest(11, ip(11), ip(12)))]).toEqual([true, true, true]);
    expect([udp(11, 12, [68, 67]), udp(12, 11, [67, 68]), udp(11, 12, [67, 68])]).toEqual(Array(3).fill(false));
    expect(ping(12, 13)).toBe(true);
    model.remove('filter', 1);
    expect([ping(11, 12), ping(12, 11), arp(11, 12)]).toEqual([false, false, true]);
  });

  it('has flows of which no two take the same packet, whatever passes', () => {
    for (const egress of [false, true])
      for (const ingress of [false, true]) {
        put(filterRow(1, 11, { egress, ingress }), ruleRow(1, 1, { protocol: 'udp', dst_port: 80, action: 'conn' }));
        expect(vswitch.overlaps()).toEqual([]);
        put(ruleRow(2, 1, { protocol: 'arp', action: 'drop' }));
        expect(vswitch.overlaps()).toEqual([]);
        model.remove('filter_static', 2);
      }
  });

  it('passes what no rule decides where every filter of it says so', () => {
    put(filterRow(1, 11, { egress: true, ingress: false }));
    expect([ping(11, 12), ping(12, 11)]).toEqual([true, false]);
    put(filterRow(1, 11, { egress: false, ingress: true }));
    expect([ping(11, 12), ping(12, 11)]).toEqual([false, true]);
    put(filterRow(2, 11));
    expect([ping(11, 12), ping(12, 11)]).toEqual([false, false]);
  });

  it('keeps broadcasts by its rules too', () => {
    const all = (): number[] =>
      sent(vswitch.run(segment([12, ip(12), 5], { mac: broadcastMac, ip: ip(255), port: 99 }, 'udp'))).sort();
    expect(all()).toEqual([13]);
    put(ruleRow(1, 1, { protocol: 'udp', dst_port: 99, action: 'pass' }));
    expect(all()).toEqual([11, 13]);
  });

  it('has two flows more than others, and one for each rule and direction that others with these rules share', () => {
    const size = (): number => {
      vswitch.compiler.update();
      return vswitch.compiler.flows.size;
    };
    const filtered = size();
    put(filteringRow(11, false));
    // Its ways to its rules, and what they let through of a broadcast.
    expect(size()).toBe(filtered - 3);
    put(filteringRow(11, true), ruleRow(1, 1, { protocol: 'icmp', action: 'pass' }));
    expect(size()).toBe(filtered + 2);
    put(ruleRow(1, 1, { protocol: 'icmp', action: 'conn' }));
    expect(size()).toBe(filtered + 5);
    put(ruleRow(1, 1, { protocol: 'tcp', dst_port: 80, action: 'pass' }));
    expect(size()).toBe(filtered + 4);
    put(filteringRow(12, true), filterRow(2, 12), ruleRow(2, 2, { protocol: 'tcp', dst_port: 80, action: 'pass' }));
    expect(size()).toBe(filtered + 4 + 2);
  });

  it('is so at once, and not at the cost of the flows of others', () => {
    put(filteringRow(11, false));
    expect([ping(11, 12), ping(12, 11)]).toEqual([true, true]);
    vswitch.compiler.flows.takeTouched();
    put(filteringRow(11, true));
    expect([ping(11, 12), ping(12, 11)]).toEqual([false, false]);
    // Guard (2), delivery, the part of the network's ports (2), and its ways to its rules (2).
    expect(vswitch.compiler.flows.takeTouched().size).toBe(7);
    put(ruleRow(1, 1, { protocol: 'icmp', action: 'pass' }));
    expect([ping(11, 12), ping(12, 11)]).toEqual([true, true]);
    // The rule (2), the ways to it (2), and the part of the network's ports (3).
    expect(vswitch.compiler.flows.takeTouched().size).toBe(7);
  });

  it('shares the flows of its rules with all that have the same, in whatever order, and with no others', () => {
    const rules = [
      { protocol: 'tcp', dst_port: 80, action: 'pass' },
      { protocol: 'udp', dst_port: 53, action: 'conn' },
    ] as const;
    put(filteringRow(12, true), filterRow(2, 12), filteringRow(13, true), filterRow(3, 13));
    put(ruleRow(1, 1, rules[0]), ruleRow(2, 1, rules[1]), ruleRow(3, 2, rules[1]), ruleRow(4, 2, rules[0]));
    vswitch.compiler.update();
    const { filtering, rule_set } = vswitch.compiler.relations;
    expect(filtering.get(11)!.text).toBe(filtering.get(12)!.text);
    expect(rule_set.size).toBe(2);
    expect([tcp(12, 11, [5, 80]), tcp(12, 13, [5, 80]), tcp(13, 11, [5, 80])]).toEqual([false, false, false]);
    put(filteringRow(13, false));
    expect([tcp(13, 11, [5, 80]), tcp(13, 12, [5, 80]), tcp(13, 12, [5, 81])]).toEqual([true, true, false]);
    // Connections of one are not those of another with the same rules.
    expect([udp(11, 13, [9, 53]), udp(13, 11, [53, 9]), udp(13, 12, [53, 9])]).toEqual([false, false, false]);
  });

  it('keeps its rules when another set of rules has the same hash', () => {
    put(filteringRow(12, true), filterRow(2, 12), ruleRow(1, 1, { protocol: 'icmp', action: 'pass' }));
    expect([ping(13, 11), ping(13, 12)]).toEqual([true, false]);
    const { filtering } = vswitch.compiler.relations;
    // As if the hashes were equal.
    filtering.set({ ...filtering.get(12)!, hash: filtering.get(11)!.hash });
    expect([ping(13, 11), ping(13, 12)]).toEqual([true, false]);
    expect(vswitch.compiler.relations.rule_set.size).toBe(1);
  });
});

describe('a rule', () => {
  it('has the other side as its source and the interface as its destination, both ways', () => {
    put(ruleRow(1, 1, { protocol: 'tcp', src_address: ip(12), src_prefix: 32, dst_port: 80, action: 'pass' }));
    expect(tcp(12, 11, [5000, 80])).toBe(true);
    expect(tcp(11, 12, [80, 5000])).toBe(true);
    expect([tcp(13, 11, [5000, 80]), tcp(12, 11, [5000, 81]), tcp(11, 12, [5000, 80])]).toEqual(Array(3).fill(false));
    expect(udp(12, 11, [5000, 80])).toBe(false);
  });

  it('is about its protocol, and ip and all about every one over IPv4', () => {
    const seen = (): boolean[] => [tcp(12, 11, [1, 2]), udp(12, 11, [1, 2]), ping(12, 11), arp(12, 11)];
    for (const [name, expected] of [
      ['tcp', [true, false, false, true]],
      ['udp', [false, true, false, true]],
      ['icmp', [false, false, true, true]],
      ['ip', [true, true, true, true]],
      ['all', [true, true, true, true]],
      ['arp', [false, false, false, true]],
    ] as const) {
      put(ruleRow(1, 1, { protocol: name, action: 'pass' }));
      expect(seen(), name).toEqual(expected);
    }
  });

  it('of ARP ends that ARP passes by itself', () => {
    put(ruleRow(1, 1, { protocol: 'arp', src_address: ip(12), src_prefix: 32, action: 'pass' }));
    expect([arp(11, 12), arp(12, 11), arp(11, 13), arp(13, 11)]).toEqual([true, true, false, false]);
    expect(passes(arpRequest(11, ip(11), ip(13)))).toBe(false);
  });

  it('has it by the longer prefixes, then by its ports, then by its protocol', () => {
    put(
      ruleRow(1, 1, { protocol: 'ip', src_address: ip(0), src_prefix: 24, action: 'drop' }),
      ruleRow(2, 1, { protocol: 'tcp', src_port: 5, dst_port: 6, action: 'pass' }),
    );
    expect(tcp(12, 11, [5, 6])).toBe(false);
    put(ruleRow(3, 1, { protocol: 'tcp', src_address: ip(0), src_prefix: 24, action: 'pass' }));
    expect([tcp(12, 11, [5, 6]), udp(12, 11, [5, 6])]).toEqual([true, false]);
    put(ruleRow(4, 1, { protocol: 'tcp', src_address: ip(0), src_prefix: 24, dst_port: 6, action: 'drop' }));
    expect([tcp(12, 11, [5, 6]), tcp(12, 11, [5, 7])]).toEqual([false, true]);
    const both = { src_address: ip(12), src_prefix: 32, dst_address: ip(11), dst_prefix: 32 };
    put(ruleRow(5, 1, { protocol: 'ip', ...both, action: 'pass' }));
    expect([tcp(12, 11, [5, 6]), tcp(13, 11, [5, 6])]).toEqual([true, false]);
  });

  it('that says otherwise of the same packets as another gives way to the stricter', () => {
    put(ruleRow(1, 1, { protocol: 'icmp', action: 'pass' }), ruleRow(2, 1, { protocol: 'icmp', action: 'drop' }));
    expect([ping(11, 12), ping(12, 11)]).toEqual([false, false]);
    expect([...vswitch.compiler.flows.conflicts()]).toEqual([]);
  });
});

describe('conn', () => {
  const open = ruleRow(1, 1, { protocol: 'tcp', src_port: 80, action: 'conn' });

  it('lets the interface open connections and their answers in, and nobody else', () => {
    put(open);
    expect(tcp(12, 11, [80, 5000])).toBe(false);
    expect(tcp(11, 12, [5000, 80])).toBe(true);
    expect([tcp(12, 11, [80, 5000]), tcp(11, 12, [5000, 80])]).toEqual([true, true]);
    expect([tcp(12, 11, [80, 5001]), tcp(13, 11, [80, 5000]), tcp(11, 12, [5000, 81])]).toEqual(Array(3).fill(false));
  });

  it('leaves what answers nothing to the other rules', () => {
    put(open, ruleRow(2, 1, { protocol: 'ip', action: 'pass' }));
    expect([tcp(12, 11, [80, 5000]), ping(12, 11)]).toEqual([true, true]);
  });

  it('ends with the rule, also for connections that are established', () => {
    put(open);
    expect([tcp(11, 12, [5000, 80]), tcp(12, 11, [80, 5000])]).toEqual([true, true]);
    put(ruleRow(2, 1, { protocol: 'icmp', action: 'pass' }));
    expect([tcp(11, 12, [5000, 80]), tcp(12, 11, [80, 5000])]).toEqual([true, true]);
    model.remove('filter_static', 1);
    expect([tcp(11, 12, [5000, 80]), tcp(12, 11, [80, 5000])]).toEqual([false, false]);
  });

  it('knows connections of one interface apart from those of another', () => {
    put(filteringRow(12, true), filterRow(2, 12), open);
    put(ruleRow(2, 2, { protocol: 'tcp', dst_port: 80, action: 'pass' }));
    expect([tcp(12, 11, [80, 5000]), tcp(11, 12, [5000, 80]), tcp(12, 11, [80, 5000])]).toEqual([false, true, true]);
  });

  it('holds for echo requests and datagrams', () => {
    put(ruleRow(1, 1, { protocol: 'icmp', action: 'conn' }), ruleRow(2, 1, { protocol: 'udp', action: 'conn' }));
    expect([ping(12, 11), ping(11, 12)]).toEqual([false, true]);
    expect(passes({ ...echoRequest(12, ip(12), host(11)), icmpv4_type: 0 })).toBe(true);
    expect([udp(12, 11, [53, 9]), udp(11, 12, [9, 53]), udp(12, 11, [53, 9])]).toEqual([false, true, true]);
  });
});

describe('fragments', () => {
  it('that one rule tracks are tracked for all, so that none is kept back without its first', () => {
    put(
      ruleRow(1, 1, { protocol: 'udp', src_port: 99, action: 'conn' }),
      ruleRow(2, 1, { protocol: 'udp', dst_port: 98, src_address: ip(0), src_prefix: 24, action: 'pass' }),
    );
    const first = { ...segment([12, ip(12), 5], host(11, 98), 'udp'), ip_frag: 1 };
    const { udp_src: _, udp_dst: __, ...rest } = first;
    expect([passes(first), passes({ ...rest, ip_frag: 3 })]).toEqual([true, true]);
    expect([udp(11, 12, [98, 5]), udp(11, 12, [5, 99]), udp(12, 11, [99, 5]), udp(12, 11, [99, 6])]).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('after the first have no ports, and go by the rule without them', () => {
    put(ruleRow(1, 1, { protocol: 'udp', dst_port: 99, action: 'pass' }));
    const first = { ...segment([12, ip(12), 5], host(11, 99), 'udp'), ip_frag: 1 };
    const { udp_src: _, udp_dst: __, ...rest } = first;
    expect([passes(first), passes({ ...rest, ip_frag: 3 }), passes({ ...rest, ip_proto: 6, ip_frag: 3 })]).toEqual([
      true,
      true,
      false,
    ]);
  });
});
