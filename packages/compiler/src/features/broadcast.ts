import { mostFloodHosts } from '@openvnet/model';
import type { Action } from '@openvnet/openflow';
import { feature } from '../engine/feature.ts';
import { ask, ethernet, type Flow, groupBit, load, output, priority } from '../pipeline/flow.ts';
import { enter } from './filter.ts';
import { type Filtering, filteringOf } from './rule-sets.ts';

/** Broadcast and multicast: to every port of the domain but the sender's, part by part. */
export const broadcast = feature({
  name: 'broadcast',
  doc: 'Sends broadcasts to each part of their domain.',
  cookie: 5,
  says: {
    forward: ({ before }) => `a broadcast in ${before.domain}`,
  },
  source: { of: 'flood_part', by: 'domain_id' },
  select: (view, domain) => ({
    domain,
    parts: view.where('flood_part', 'domain_id', domain).map(({ part }) => part),
    peers: view
      .where('flood_peer', 'domain_id', domain)
      .map(({ datapath_id }) => datapath_id)
      .sort((a, b) => a - b)
      .slice(0, mostFloodHosts),
  }),
  flows: ({ domain, parts, peers }) => [
    { table: 'forward', priority: priority.normal, match: { domain, ...toGroup }, actions: toParts(parts) },
    ...(peers.length === 0
      ? []
      : [
          {
            table: 'forward' as const,
            priority: priority.normal + 1,
            match: { domain, ...toGroup, from_peer: 0 },
            actions: [...toParts(parts), ...peers.flatMap((peer) => [load('peer', peer), ask('to_peer')])],
          },
        ]),
  ],
});

const toGroup = { eth_dst: { value: groupBit, mask: groupBit } } as const;

function toParts(parts: readonly number[]): Action[] {
  return parts.flatMap((part) => [load('flood_group', part), ask('flood')]);
}

/**
 * Rules decide once for all members of a part that share them: a switch follows 4,096 resubmits for a packet. What needs
 * connection tracking is looked up for each member, as a connection is that of one interface.
 */
export const flood = feature({
  name: 'flood',
  doc: 'Sends a broadcast to the ports of one part of a broadcast domain.',
  cookie: 6,
  says: {
    flood: ({ actions }) => `copied: ${actions.join(', ')}`,
    output: ({ actions }) => `copied: ${actions.join(', ')}`,
  },
  source: { of: 'flood_part' },
  select: (view, key) => {
    const { domain_id, part } = view.get('flood_part', key)!;
    const here = [...view.where('attachment', 'flood_part', key), ...view.where('member', 'flood_part', key)];
    const members = [...new Map(here.map((one) => [one.port!, one])).values()].sort((a, b) => a.port! - b.port!);
    const [filtered, open] = [members.filter((one) => one.filtered), members.filter((one) => !one.filtered)];
    return {
      domain: domain_id,
      part,
      open: open.map(({ port }) => port!),
      filtered: filtered.flatMap(({ interface_id }) => filteringOf(view, interface_id) ?? []),
    };
  },
  flows: ({ domain, part, open, filtered }) => {
    const outputs = open.map(output);
    const bySet = [...Map.groupBy(filtered, ({ number }) => number).values()];
    const [tracking, others] = [bySet.filter(tracks), bySet.filter((set) => !tracks(set))];
    const match = { domain, flood_group: part };
    const flows: Flow[] = [
      { table: 'flood', priority: priority.normal, match, actions: [...outputs, ...bySet.flatMap(judgeTogether)] },
      ...bySet.map(
        ([first, ...more]): Flow => ({
          table: 'output',
          priority: priority.high,
          match: { ...match, out_port: severalPorts, filter: first!.number },
          actions: [first!, ...more].map(({ port }) => output(port)),
        }),
      ),
    ];
    if (tracking.length === 0) return flows;
    const each = tracking.flat().flatMap((one) => [load('out_port', one.port), ...enter(one), ask('ingress_track')]);
    const actions = [...outputs, ...others.flatMap(judgeTogether), ...each];
    const ipv4 = { ...match, eth_type: ethernet.ipv4 };
    return [...flows, { table: 'flood', priority: priority.high, match: ipv4, actions }];
  },
});

/** In `out_port`: all ports of the part that share the rules. */
const severalPorts = 0;

function judgeTogether([first]: readonly Filtering[]): Action[] {
  return [load('out_port', severalPorts), load('filter', first!.number), ask('ingress_rules')];
}

function tracks(set: readonly Filtering[]): boolean {
  return set.some(({ zone }) => zone !== null);
}
