import type { Action } from '@openvnet/openflow';
import { feature } from '../engine/feature.ts';
import type { Flow } from '../pipeline/flow.ts';
import { ethernet, load, priority, protocol, track, trackState } from '../pipeline/flow.ts';
import { matchOf, type Rule, rulesOf } from './filter-rules.ts';
import { type Filtering, filteringOf, numbered, type RuleSet } from './rule-sets.ts';

const { tracked, established, related, reply } = trackState;
const answers = { value: tracked | established | reply, mask: tracked | established | reply };
const errors = { value: tracked | related, mask: tracked | related };

/** Of the two tables of filters: above what holds without a rule, and with an order finer than the others need. */
const ruled = priority.normal;
const unruled = priority.low;

/**
 * Filters, static: what an interface with `enable_filtering` may send and receive. A rule's source is the other side and
 * its destination the interface, whichever way a packet goes, so the same rule has a packet and its answer. `conn` notes
 * the connections that the interface opens; what comes in by such a rule passes only as the answer to one of them, and
 * only while the rule is there. Interfaces without filters lose everything but ARP and DHCP.
 */
export const filter = feature({
  name: 'filter',
  doc: 'Finds the filter rules of an interface.',
  cookie: 16,
  says: {
    egress_filter: ({ interface_uuid }) => `${interface_uuid} is filtered: its rules decide what it may send`,
    ingress_filter: ({ interface_uuid }) => `${interface_uuid} is filtered: its rules decide what it may receive`,
  },
  source: { of: 'filtering' },
  select: (view, id) => filteringOf(view, id),
  flows: (filtering) => [
    {
      table: 'egress_filter',
      priority: priority.normal,
      match: { in_port: filtering.port },
      actions: enter(filtering),
      next: 'egress_rules',
    },
    {
      table: 'ingress_filter',
      priority: priority.normal,
      match: { out_port: filtering.port },
      actions: enter(filtering),
      next: filtering.zone === null ? 'ingress_rules' : 'ingress_track',
    },
  ],
});

/** Says by which rules a packet is judged. */
export function enter({ number, zone }: Filtering): Action[] {
  return [load('filter', number), ...(zone === null ? [] : [load('zone', zone)])];
}

/** The rules themselves, once for all interfaces that have the same. */
export const filterRules = feature({
  name: 'filter_rules',
  doc: 'Applies filter rules to packets that interfaces send and receive.',
  cookie: 40,
  says: {
    egress_rules: ({ next, actions }) => (next || actions.length > 0 ? 'its rules let it out' : 'a rule drops it'),
    ingress_track: 'its connection is looked up',
    ingress_rules: ({ next, actions }) => (next || actions.length > 0 ? 'its rules let it in' : 'a rule drops it'),
  },
  source: { of: 'rule_set' },
  select: (view, id) => numbered(view.get('rule_set', id)!),
  flows: (sets) =>
    sets.flatMap(({ number, set }) => {
      const rules = rulesOf(set.rules);
      const tracks = rules.some(({ verdict }) => verdict === 'conn');
      const on = onward(rules);
      return [
        ...rules.flatMap((rule) => ruleFlows(rule, number, on)),
        ...(tracks ? stateFlows(number) : []),
        ...unruledFlows(number, set.passes, rules, on),
      ];
    }),
  always: [
    { table: 'egress_rules', priority: unruled, match: { eth_type: ethernet.arp }, next: 'dispatch' },
    { table: 'ingress_rules', priority: unruled, match: { eth_type: ethernet.arp }, next: 'output' },
  ],
});

/**
 * How what passes goes on. Connection tracking keeps fragments back until it has all of a packet. The later ones cannot be
 * told apart by ports, so where they are tracked for one rule, everything is, without being noted.
 */
function onward(rules: readonly Rule[]) {
  const tracks = rules.some(({ verdict, fragments }) => verdict === 'conn' && fragments);
  return tracks ? { actions: [track('zone', 'dispatch')] } : { next: 'dispatch' as const };
}

function ruleFlows(rule: Rule, number: number, on: ReturnType<typeof onward>): Flow[] {
  const { verdict, fragments } = rule;
  const order = ruled + rule.rank;
  const sent = { table: 'egress_rules', priority: order, match: { filter: number, ...matchOf(rule, 'sent') } } as const;
  const match = { filter: number, ...matchOf(rule, 'received') };
  const received = { table: 'ingress_rules', priority: order, match } as const;
  if (verdict === 'drop') return [sent, received];
  // The last fragment to come speaks for the whole packet: a note of it is harmless, for an answer needs a rule as well.
  const noted = verdict === 'conn' || (fragments && !('next' in on));
  const go = noted ? { actions: [track('zone', 'dispatch', 'commit')] } : on;
  if (verdict === 'pass')
    return [
      { ...sent, ...(rule.protocol === 'arp' ? { next: 'dispatch' as const } : go) },
      { ...received, next: 'output' },
    ];
  return [
    { ...sent, ...go },
    // Without its first, which the rule decides, a later fragment is of no use to anybody.
    { ...received, match: fragments ? match : { ...match, ct_state: answers }, next: 'output' },
  ];
}

/** What comes in goes by connection tracking; so do ICMP errors about connections. */
function stateFlows(number: number): Flow[] {
  const ipv4 = { filter: number, eth_type: ethernet.ipv4 };
  return [
    { table: 'ingress_track', priority: priority.normal, match: ipv4, actions: [track('zone', 'ingress_rules')] },
    {
      table: 'ingress_rules',
      priority: unruled + 2,
      match: { ...ipv4, ct_state: errors, ip_proto: protocol.icmp },
      next: 'output',
    },
  ];
}

/** What no rule decides; ARP passes by itself unless there is a rule of it. Goes before what holds for every interface. */
function unruledFlows(
  number: number,
  passes: RuleSet['passes'],
  rules: readonly Rule[],
  on: ReturnType<typeof onward>,
): Flow[] {
  const [order, match] = [unruled + 1, { filter: number }] as const;
  const arp = { ...match, eth_type: ethernet.arp };
  const arpIsRuled = rules.some(({ protocol: name }) => name === 'arp');
  const flows: Flow[] = [];
  if (passes.sent)
    flows.push({ table: 'egress_rules', priority: order, match: { ...match, eth_type: ethernet.ipv4 }, ...on });
  else if (arpIsRuled) flows.push({ table: 'egress_rules', priority: order, match: arp });
  if (passes.received) flows.push({ table: 'ingress_rules', priority: order, match, next: 'output' });
  else if (arpIsRuled) flows.push({ table: 'ingress_rules', priority: order, match: arp });
  return flows;
}
