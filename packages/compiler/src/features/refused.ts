import { feature } from '../engine/feature.ts';
import { anyTag, priority } from '../pipeline/flow.ts';

/** Drops what the guard does not take, with a counter for each interface, so that status can name the sender. */
export const refused = feature({
  name: 'refused',
  doc: 'Counts frames whose sender uses an address that is not its own, or a VLAN tag.',
  cookie: 2,
  source: { of: 'binding' },
  select: (view, id) => view.get('binding', id)!.port ?? undefined,
  counts: { about: 'refused', table: 'admit' },
  flows: (port) => [{ table: 'admit', priority: priority.low, match: { in_port: port, vlan_vid: anyTag } }],
});
