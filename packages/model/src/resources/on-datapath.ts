import { macAddress, reference } from '../field.ts';
import { resource } from '../resource.ts';
import { ofTopology } from './of-topology.ts';

/** What relations of a datapath differ in, by what is related to it. */
interface Other<K extends string, M extends string> {
  readonly kind: K;
  readonly model: M;
  /** What people call it. */
  readonly noun: string;
  /** What the MAC address of the relation is for. */
  readonly address: string;
  /** Older names of that address. */
  readonly aliases?: readonly string[];
}

/** Declares what relates networks, segments or route links to the datapaths that carry them: the same for each. */
export function onDatapath<const K extends string, const M extends string>({
  kind,
  model,
  noun,
  address,
  aliases,
}: Other<K, M>) {
  const itself = reference({ to: kind, show: ['id'], immutable: true, doc: `The ${noun}.` });
  return resource({
    kind: `datapath_${kind}`,
    plural: `datapath_${kind}s`,
    model: `Datapath${model}`,
    doc: `A ${noun} on a datapath: the interface of the host that leads to other hosts. Not needed for tunnels between hosts.`,
    nested: { of: 'datapath', name: `${kind}s`, with: kind },
    fields: {
      datapath_uuid: reference({ to: 'datapath', show: ['id'], immutable: true, doc: 'The datapath.' }),
      ...({ [`${kind}_uuid`]: itself } as { readonly [N in `${K}_uuid`]: typeof itself }),
      interface_uuid: reference({
        to: 'interface',
        show: ['id'],
        optional: true,
        immutable: true,
        doc: 'The host interface of the datapath.',
      }),
      mac_address: macAddress({ optional: true, immutable: true, ...(aliases && { aliases }), doc: address }),
      ...ofTopology,
    },
    unique: [{ columns: ['datapath_id', `${kind}_id`], error: 'relationExists' }],
  });
}
