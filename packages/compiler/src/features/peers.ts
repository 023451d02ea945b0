import { type Encapsulation, encapsulationBetween, encapsulations, isReached } from '@openvnet/model';
import { derivation, waiting } from '../engine/feature.ts';
import type { Rows } from '../engine/relations.ts';

type Datapath = Pick<Rows['datapath'], 'tunnel_address' | 'encapsulation'>;

/** The other datapaths that this one can reach. Datapaths of one host have one address, and no tunnel between them. */
export const peers = derivation({
  into: 'peer',
  doc: 'Other hosts, with their tunnel addresses.',
  source: { of: 'datapath' },
  select: (view, id) => {
    const own = view.get('datapath', view.datapathId);
    const other = view.get('datapath', id)!;
    if (!own || !isReached(own, other)) return undefined;
    const encapsulation = encapsulationBetween(own, other);
    const tunnel = view.where('tunnel', 'encapsulation', encapsulation)[0];
    if (!tunnel) return waiting('datapath', id, `the ${encapsulation} tunnel port of ${own.uuid}`);
    return { id, port: tunnel.id, address: other.tunnel_address! };
  },
});

/** The kinds of tunnel ports that a datapath needs. */
export function tunnelsWanted(relations: { readonly datapath: Iterables }, datapathId: number): Encapsulation[] {
  const own = relations.datapath.get(datapathId);
  if (!own) return [];
  const others = [...relations.datapath.rows()].filter((other) => isReached(own, other));
  const wanted = new Set(others.map((other) => encapsulationBetween(own, other)));
  return encapsulations.filter((one) => wanted.has(one));
}

interface Iterables {
  get(id: number): Datapath | undefined;
  rows(): Iterable<Datapath>;
}
