import { feature } from '../engine/feature.ts';
import { ask, load, output, priority } from '../pipeline/flow.ts';

const groupBit = 0x0100_0000_0000;

/** Broadcast and multicast: to every port of the network but the sender's, part by part. */
export const broadcast = feature({
  name: 'broadcast',
  doc: 'Takes broadcasts to the parts of their network.',
  cookie: 5,
  source: { of: 'flood_part', by: 'domain_id' },
  select: (view, network) => ({
    network,
    parts: view.where('flood_part', 'domain_id', network).map(({ part }) => part),
  }),
  flows: ({ network, parts }) => [
    {
      table: 'forward',
      priority: priority.normal,
      match: { network, eth_dst: { value: groupBit, mask: groupBit } },
      actions: parts.flatMap((part) => [load('flood_group', part), ask('flood')]),
    },
  ],
});

export const flood = feature({
  name: 'flood',
  doc: 'Sends a broadcast to the ports of one part of a network.',
  cookie: 6,
  source: { of: 'flood_part' },
  select: (view, key) => {
    const { domain_id, part } = view.get('flood_part', key)!;
    const here = [...view.where('attachment', 'flood_part', key), ...view.where('member', 'flood_part', key)];
    const members = new Map(here.map(({ port, filtered }) => [port!, filtered]));
    return { network: domain_id, part, members: [...members].sort(([a], [b]) => a - b) };
  },
  flows: ({ network, part, members }) => [
    {
      table: 'flood',
      priority: priority.normal,
      match: { network, flood_group: part },
      actions: members.flatMap(([port, filtered]) =>
        filtered ? [load('out_port', port), ask('ingress_track')] : [output(port)],
      ),
    },
  ],
});
