import type { MatchValue } from '@openvnet/openflow';
import { ethernet, laterFragment, prefixMatch, protocol } from '../pipeline/flow.ts';
import type { RuleFields } from './rule-sets.ts';

/** What becomes of a packet: see the resource `filter_static`. */
export type Verdict = 'drop' | 'conn' | 'pass';

/** Which way a packet goes, seen from the interface. */
export type Direction = 'sent' | 'received';

/** A rule as flows need it: `remote` is the other side, `local` that of the interface. */
export interface Rule {
  readonly protocol: 'tcp' | 'udp' | 'icmp' | 'arp' | 'ip';
  readonly remote: Side;
  readonly local: Side;
  readonly verdict: Verdict;
  readonly rank: number;
  /** For fragments after the first: they have no ports. */
  readonly fragments: boolean;
}

interface Side {
  readonly address: number;
  readonly prefix: number;
  /** 0 for any. */
  readonly port: number;
}

const strictness: Readonly<Record<Verdict, number>> = { drop: 0, conn: 1, pass: 2 };

/**
 * The rules of an interface's filters, none that says the same of the same packets as another. Where two do that with
 * different actions the stricter one has it. A rule with ports is followed by one for the later fragments of what it
 * lets through; alone they are of no use to anybody.
 */
export function rulesOf(rows: readonly RuleFields[]): Rule[] {
  const rules = new Map<string, Rule>();
  const add = (rule: Rule): void => {
    const { protocol: name, remote, local, fragments } = rule;
    const key = JSON.stringify([name, remote, local, fragments]);
    const before = rules.get(key);
    if (!before || strictness[rule.verdict] < strictness[before.verdict]) rules.set(key, rule);
  };
  for (const row of rows) {
    const rule = ruleOf(row);
    add(rule);
    if (rule.verdict === 'drop' || (rule.remote.port === 0 && rule.local.port === 0)) continue;
    const [remote, local] = [
      { ...rule.remote, port: 0 },
      { ...rule.local, port: 0 },
    ];
    add({ ...rule, remote, local, rank: rankOf(rule.protocol, remote, local, 1), fragments: true });
  }
  return [...rules.values()];
}

function ruleOf(row: RuleFields): Rule {
  const name = row.protocol === 'all' ? 'ip' : row.protocol;
  const ports = name === 'tcp' || name === 'udp';
  const side = (address: number, prefix: number, port: number | null): Side => ({
    address: Number((BigInt(address) >> BigInt(32 - prefix)) << BigInt(32 - prefix)),
    prefix,
    port: ports ? (port ?? 0) : 0,
  });
  const remote = side(row.src_address, row.src_prefix, row.src_port);
  const local = side(row.dst_address, row.dst_prefix, row.dst_port);
  const given = Number(remote.port > 0) + Number(local.port > 0);
  // Nothing answers ARP by way of connection tracking.
  const verdict = name === 'arp' && row.action === 'conn' ? 'pass' : row.action;
  return { protocol: name, remote, local, verdict, rank: rankOf(name, remote, local, given), fragments: false };
}

/**
 * Which of two rules that match the same packet has it, the higher: the longer prefixes together, then the more ports,
 * then a protocol rather than any, then the longer prefix and the port of the interface's own side. No two rules that
 * overlap have the same.
 */
function rankOf(name: Rule['protocol'], remote: Side, local: Side, ports: number): number {
  const general = (remote.prefix + local.prefix) * 6 + ports * 2 + Number(name !== 'ip');
  return (general * 33 + local.prefix) * 2 + Number(local.port > 0);
}

/** What a packet of the rule looks like that goes one way. */
export function matchOf({ protocol: name, remote, local, fragments }: Rule, direction: Direction) {
  const [src, dst] = direction === 'sent' ? [local, remote] : [remote, local];
  const [from, to] = [prefixMatch(src.address, src.prefix), prefixMatch(dst.address, dst.prefix)];
  if (name === 'arp') return { eth_type: ethernet.arp, ...given({ arp_spa: from, arp_tpa: to }) };
  return {
    eth_type: ethernet.ipv4,
    ...given({
      ip_proto: name === 'ip' ? undefined : protocol[name],
      ip_frag: fragments ? laterFragment : undefined,
      ipv4_src: from,
      ipv4_dst: to,
      [`${name}_src`]: src.port || undefined,
      [`${name}_dst`]: dst.port || undefined,
    }),
  };
}

function given<T extends Record<string, MatchValue | undefined>>(all: T): { [K in keyof T]?: MatchValue } {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: MatchValue;
  };
}
