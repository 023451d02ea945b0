import type { Kind } from '@openvnet/model';
import { derivation, waiting } from '../engine/feature.ts';
import type { View } from '../engine/relations.ts';
import { objectOfDomain, segmentDomain } from '../pipeline/domain-numbers.ts';
import { hasUplink } from './bindings.ts';

/** What each uplink joins its port to. A wire without tags can carry one broadcast domain only: its own lease says which. */
export const uplinks = derivation({
  into: 'uplink',
  doc: 'Ports of uplinks, with stations behind them that are not in the model.',
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

/**
 * In the order in which they count: the interface's own leases, the oldest first, then what was asked for, then relations of
 * the datapath that name it.
 */
function domainsOf(view: View, id: number): number[] {
  const host = view.get('interface', id)!.mode === 'host';
  const oldest = <R extends { id: number }>(rows: readonly R[]): R[] => [...rows].sort((a, b) => a.id - b.id);
  const here = <R extends { id: number; datapath_id: number }>(rows: readonly R[]): R[] =>
    oldest(rows).filter(({ datapath_id }) => datapath_id === view.datapathId);
  // A host carries virtual networks in other ways.
  const carried = (kind: Kind & ('network' | 'segment'), each: number): boolean =>
    !host || view.get(kind, each)?.mode === 'physical';
  const ofNetwork = ({ network_id }: { network_id: number }): number | undefined =>
    carried('network', network_id) ? view.get('network_domain', network_id)?.domain_id : undefined;
  const ofSegment = ({ segment_id }: { segment_id: number | null }): number | undefined =>
    segment_id !== null && carried('segment', segment_id) ? segmentDomain(segment_id) : undefined;
  return [
    ...oldest(view.where('ip_lease', 'interface_id', id)).map(ofNetwork),
    ...oldest(view.where('mac_lease', 'interface_id', id)).map(ofSegment),
    ...oldest(view.where('interface_network', 'interface_id', id)).map(ofNetwork),
    ...oldest(view.where('interface_segment', 'interface_id', id)).map(ofSegment),
    ...here(view.where('datapath_network', 'interface_id', id)).map(ofNetwork),
    ...here(view.where('datapath_segment', 'interface_id', id)).map(ofSegment),
  ].filter((domain) => domain !== undefined);
}
