import { feature } from '../engine/feature.ts';
import { ask, groupBit, load, output, priority } from '../pipeline/flow.ts';

/** Broadcast and multicast: to every port of the domain but the sender's, part by part. */
export const broadcast = feature({
  name: 'broadcast',
  doc: 'Takes broadcasts to the parts of their domain.',
  cookie: 5,
  source: { of: 'flood_part', by: 'domain_id' },
  select: (view, domain) => ({
    domain,
    parts: view.where('flood_part', 'domain_id', domain).map(({ part }) => part),
  }),
  flows: ({ domain, parts }) => [
    {
      table: 'forward',
      priority: priority.normal,
      match: { domain, eth_dst: { value: groupBit, mask: groupBit } },
      actions: parts.flatMap((part) => [load('flood_group', part), ask('flood')]),
    },
  ],
});

export const flood = feature({
  name: 'flood',
  doc: 'Sends a broadcast to the ports of one part of a domain.',
  cookie: 6,
  source: { of: 'flood_part' },
  select: (view, key) => {
    const { domain_id, part } = view.get('flood_part', key)!;
    const here = [...view.where('attachment', 'flood_part', key), ...view.where('member', 'flood_part', key)];
    const members = new Map(here.map(({ port, filtered }) => [port!, filtered]));
    return { domain: domain_id, part, members: [...members].sort(([a], [b]) => a - b) };
  },
  flows: ({ domain, part, members }) => [
    {
      table: 'flood',
      priority: priority.normal,
      match: { domain, flood_group: part },
      actions: members.flatMap(([port, filtered]) =>
        filtered ? [load('out_port', port), ask('ingress_track')] : [output(port)],
      ),
    },
  ],
});
