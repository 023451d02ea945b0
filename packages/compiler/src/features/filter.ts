import { feature } from '../engine/feature.ts';
import type { Flow } from '../pipeline/flow.ts';
import { ethernet, priority, protocol, track, trackState } from '../pipeline/flow.ts';
import { matchOf, type Rule, rulesOf } from './filter-rules.ts';

const { tracked, established, related, reply } = trackState;
const answers = { value: tracked | established | reply, mask: tracked | established | reply };
const errors = { value: tracked | related, mask: tracked | related };

/** Of the two tables of filters: above what holds without a rule, and with an order finer than the others need. */
const ruled = priority.normal;
const unruled = priority.low;

/** Bridges of a host share its connection tracking, so that a port's zone depends on both: no two of a bridge have one. */
const zones = 0xffff;
function zoneOf(datapathId: number, port: number): number {
  return ((datapathId * 4099 + port) % zones) + 1;
}

/**
 * Filters, static: what an interface with `enable_filtering` may send and receive. A rule's source is the other side and
 * its destination the interface, whichever way a packet goes, so the same rule has a packet and its answer. `conn` notes
 * the connections that the interface opens; what comes in by such a rule passes only as the answer to one of them, and
 * only while the rule is there. Interfaces without filters lose everything but ARP and DHCP.
 */
export const filter = feature({
  name: 'filter',
  doc: 'Lets a filtered interface send and receive what its rules say.',
  cookie: 16,
  source: { of: 'filter', by: 'interface_id' },
  select: (view, id) => {
    if (!view.get('interface', id)?.enable_filtering) return undefined;
    const port = view.get('binding', id)?.port;
    if (port === undefined || port === null) return undefined;
    const filters = view.where('filter', 'interface_id', id);
    const rules = rulesOf(filters.flatMap((each) => [...view.where('filter_static', 'filter_id', each.id)]));
    return {
      port,
      zone: zoneOf(view.datapathId, port),
      rules,
      // One filter that is strict is enough.
      passes: {
        sent: filters.every(({ egress_passthrough }) => egress_passthrough),
        received: filters.every(({ ingress_passthrough }) => ingress_passthrough),
      },
    };
  },
  flows: ({ port, zone, rules, passes }) => [
    ...rules.flatMap((rule) => ruleFlows(rule, port, onward(rules, zone), zone)),
    ...(rules.some(({ verdict }) => verdict === 'conn') ? stateFlows(port, zone) : []),
    ...unruledFlows(
      port,
      passes,
      rules.some(({ protocol: name }) => name === 'arp'),
      onward(rules, zone),
    ),
  ],
  always: [
    { table: 'egress_filter', priority: unruled, match: { eth_type: ethernet.arp }, next: 'dispatch' },
    { table: 'ingress_filter', priority: unruled, match: { eth_type: ethernet.arp }, next: 'output' },
  ],
});

/**
 * How what passes goes on. Connection tracking keeps fragments back until it has all of a packet. The later ones cannot be
 * told apart by ports, so where they are tracked for one rule, everything is, without being noted.
 */
function onward(rules: readonly Rule[], zone: number) {
  const tracks = rules.some(({ verdict, fragments }) => verdict === 'conn' && fragments);
  return tracks ? { actions: [track(zone, 'dispatch')] } : { next: 'dispatch' as const };
}

function ruleFlows(rule: Rule, port: number, on: ReturnType<typeof onward>, zone: number): Flow[] {
  const { verdict, fragments } = rule;
  const order = ruled + rule.rank;
  const sent = { table: 'egress_filter', priority: order, match: { in_port: port, ...matchOf(rule, 'sent') } } as const;
  const match = { out_port: port, ...matchOf(rule, 'received') };
  const received = { table: 'ingress_filter', priority: order, match } as const;
  if (verdict === 'drop') return [sent, received];
  // The last fragment to come speaks for the whole packet: a note of it is harmless, for an answer needs a rule as well.
  const noted = verdict === 'conn' || (fragments && !('next' in on));
  const go = noted ? { actions: [track(zone, 'dispatch', 'commit')] } : on;
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
function stateFlows(port: number, zone: number): Flow[] {
  const ipv4 = { out_port: port, eth_type: ethernet.ipv4 };
  return [
    { table: 'ingress_track', priority: priority.normal, match: ipv4, actions: [track(zone, 'ingress_filter')] },
    {
      table: 'ingress_filter',
      priority: unruled + 2,
      match: { ...ipv4, ct_state: errors, ip_proto: protocol.icmp },
      next: 'output',
    },
  ];
}

/** What no rule decides; ARP passes by itself unless there is a rule of it. Goes before what holds for every interface. */
function unruledFlows(
  port: number,
  passes: { sent: boolean; received: boolean },
  arpIsRuled: boolean,
  on: ReturnType<typeof onward>,
): Flow[] {
  const flows: Flow[] = [];
  if (passes.sent)
    flows.push({
      table: 'egress_filter',
      priority: unruled + 1,
      match: { in_port: port, eth_type: ethernet.ipv4 },
      ...on,
    });
  else if (arpIsRuled)
    flows.push({ table: 'egress_filter', priority: unruled + 1, match: { in_port: port, eth_type: ethernet.arp } });
  if (passes.received)
    flows.push({ table: 'ingress_filter', priority: unruled + 1, match: { out_port: port }, next: 'output' });
  else if (arpIsRuled)
    flows.push({ table: 'ingress_filter', priority: unruled + 1, match: { out_port: port, eth_type: ethernet.arp } });
  return flows;
}
