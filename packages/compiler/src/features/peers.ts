import { type Encapsulation, encapsulations, pathBetween } from '@openvnet/model';
import { derivation, waiting } from '../engine/feature.ts';
import type { Rows } from '../engine/relations.ts';

/** The other datapaths that this one can reach. Datapaths of one host have one address, and no tunnel between them. */
export const peers = derivation({
  into: 'peer',
  doc: 'Other hosts, with their tunnel addresses.',
  source: { of: 'datapath' },
  select: (view, id) => {
    const own = view.get('datapath', view.datapathId);
    const other = view.get('datapath', id)!;
    const path = own && pathBetween(own, other);
    if (!path) return undefined;
    const { encapsulation, mtu } = path;
    const tunnel = view.where('tunnel', 'encapsulation', encapsulation)[0];
    if (!tunnel) return waiting('datapath', id, `the ${encapsulation} tunnel port of ${own.uuid}`);
    return { id, port: tunnel.id, address: other.tunnel_address!, mtu };
  },
});

/**
 * The kinds of tunnel ports that a datapath needs. Where there are hosts that it does not know yet (`isPart`), its own kind is
 * there before the first of them.
 */
export function tunnelsWanted({ datapath }: Datapaths, datapathId: number, { isPart }: Known): Encapsulation[] {
  const own = datapath.get(datapathId);
  if (!own) return [];
  const wanted = new Set([...datapath.rows()].map((other) => pathBetween(own, other)?.encapsulation));
  if (isPart && own.tunnel_address !== null) wanted.add(own.encapsulation ?? 'geneve');
  return encapsulations.filter((one) => wanted.has(one));
}

interface Known {
  readonly isPart: boolean;
}

interface Datapaths {
  readonly datapath: Iterables;
}

interface Iterables {
  get(id: number): Rows['datapath'] | undefined;
  rows(): Iterable<Rows['datapath']>;
}
