import type { Kind } from '@openvnet/model';
import { derivation, waiting } from '../engine/feature.ts';
import type { View } from '../engine/relations.ts';
import { objectOfDomain, segmentDomain } from '../pipeline/domain-numbers.ts';
import { hasUplink } from './bindings.ts';

/** What each uplink joins its port to. A wire without tags can carry one broadcast domain only; the oldest has it. */
export const uplinks = derivation({
  into: 'uplink',
  doc: 'Ports behind which are stations that the model does not know.',
  source: { of: 'interface', when: hasUplink },
  select: (view, id) => {
    const port = view.get('binding', id)?.uplink;
    if (port == null) return undefined;
    const [domain_id] = domainsOf(view, id);
    if (domain_id === undefined) {
      const physical = view.get('interface', id)!.mode === 'host' ? 'physical ' : '';
      return waiting(
        'interface',
        id,
        `a ${physical}network or segment to join to port ${view.get('port', port)?.name}`,
      );
    }
    const { kind } = objectOfDomain(domain_id);
    return { id, port, domain_id, network_id: kind === 'network' ? domain_id : null };
  },
});

/** Networks that are open because something joins them to others outside; segments always are. */
export const openNetworks = derivation({
  into: 'open_domain',
  doc: 'Networks with an uplink.',
  source: { of: 'uplink', by: 'network_id' },
  select: (_, id) => ({ id }),
});

/** By leases, by what was asked for, or as the host's interface in a relation of the datapath. */
function domainsOf(view: View, id: number): number[] {
  const host = view.get('interface', id)!.mode === 'host';
  const on = <R extends { datapath_id: number }>(rows: readonly R[]): R[] =>
    rows.filter(({ datapath_id }) => datapath_id === view.datapathId);
  const networks = [
    ...view.where('ip_lease', 'interface_id', id),
    ...view.where('interface_network', 'interface_id', id),
    ...on(view.where('datapath_network', 'interface_id', id)),
  ].map(({ network_id }) => network_id);
  const segments = [
    ...view.where('mac_lease', 'interface_id', id),
    ...view.where('interface_segment', 'interface_id', id),
    ...on(view.where('datapath_segment', 'interface_id', id)),
  ].flatMap(({ segment_id }) => segment_id ?? []);
  // A host carries virtual networks in other ways.
  const carried = (kind: Kind & ('network' | 'segment'), each: number): boolean =>
    !host || view.get(kind, each)?.mode === 'physical';
  return [
    ...networks.filter((each) => carried('network', each)).map((each) => view.get('network_domain', each)?.domain_id),
    ...segments.filter((each) => carried('segment', each)).map(segmentDomain),
  ]
    .filter((each) => each !== undefined)
    .sort((a, b) => a - b);
}
