import { joinedByUplink } from '@openvnet/model';
import { derivation, waiting } from '../engine/feature.ts';
import type { View } from '../engine/relations.ts';
import { objectOfDomain, segmentDomain } from '../pipeline/domain-numbers.ts';
import { hasUplink, isAtPort } from './bindings.ts';
import { standsBy } from './standby.ts';

/** What each uplink joins its port to. A wire without tags can carry one broadcast domain only: its own lease says which. */
export const uplinks = derivation({
  into: 'uplink',
  doc: 'Ports of uplinks, with stations behind them that are not in the model.',
  source: { of: 'interface', when: hasUplink },
  select: (view, id) => {
    const port = view.get('binding', id)?.uplink;
    if (port == null) return undefined;
    // Two uplinks of one interface would carry each frame twice.
    if (isAtPort(view.get('interface', id)!) && standsBy(view, id)) return undefined;
    const domain_id = domainOfUplink(view, id, view.datapathId);
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

/** The broadcast domain that the uplink of an interface carries on a datapath: the first in order of precedence. */
export function domainOfUplink(view: View, id: number, datapathId: number): number | undefined {
  const here = <R extends { datapath_id: number }>(rows: readonly R[]): R[] =>
    rows.filter(({ datapath_id }) => datapath_id === datapathId);
  const rows = {
    ip_lease: view.where('ip_lease', 'interface_id', id),
    mac_lease: view.where('mac_lease', 'interface_id', id),
    interface_network: view.where('interface_network', 'interface_id', id),
    interface_segment: view.where('interface_segment', 'interface_id', id),
    datapath_network: here(view.where('datapath_network', 'interface_id', id)),
    datapath_segment: here(view.where('datapath_segment', 'interface_id', id)),
  };
  const joined = joinedByUplink(view.get('interface', id)!.mode, rows, (one) => view.get(one.kind, one.id)?.mode);
  return joined
    .map((one) => (one.kind === 'network' ? view.get('network_domain', one.id)?.domain_id : segmentDomain(one.id)))
    .find((domain) => domain !== undefined);
}
