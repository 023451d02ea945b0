import { ApiError, freshUuid, type RowOf, shell } from '@openvnet/model';
import type { Transaction } from '@openvnet/store';
import type { Given } from '../api/endpoint.ts';
import { addCommand } from '../api/parameters.ts';
import { describeInterface } from '../hosts/describe.ts';
import { mapInOrder } from '../in-order.ts';
import type { Behaviour } from './behaviour.ts';
import { drawAddress, drawGuestMac, drawsAddress, drawsMac } from './drawn-addresses.ts';
import { drawMac } from './free-addresses.ts';
import { askInterfaceHosts, interfaceFindings } from './interface-findings.ts';
import { interfaceView } from './interface-view.ts';
import { firstLeaseOf, requireInNetwork } from './ip-lease.ts';

/** What the request for a new interface may hold of what is made along with it. */
interface Along {
  readonly owner_datapath_id?: number;
  readonly network_id?: number;
  readonly segment_id?: number;
  readonly mac_range_group_id?: number;
  readonly ipv4_address?: number;
  readonly mac_address?: number;
  readonly port_name?: string;
}

export const iface: Behaviour<'interface'> = {
  async complete(tx, values, more: Given & Along) {
    const { network_id, segment_id, ipv4_address } = more;
    const network = network_id === undefined ? undefined : (await tx.get('network', network_id))!;
    if (segment_id !== undefined && network?.segment_id != null && network.segment_id !== segment_id) {
      const [given, its] = await mapInOrder(
        [segment_id, network.segment_id],
        async (id) => (await tx.get('segment', id))!.uuid,
      );
      throw new ApiError('invalidId', `segment_uuid ${given} is not the segment of ${network.uuid}, which is ${its}`);
    }
    if (ipv4_address === undefined) return values;
    if (!network) throw new ApiError('missingArgument', 'network_uuid');
    if (ipv4_address !== 0) requireInNetwork(network, ipv4_address);
    return values;
  },

  async created(tx, row, more: Given & Along, { reserved }) {
    await makePort(tx, row, more);
    const network = more.network_id === undefined ? undefined : await tx.get('network', more.network_id);
    const draws = more.ipv4_address === undefined && network && (await drawsAddress(tx, row.mode, network));
    const ipv4_address = draws ? await drawAddress(tx, network, { mode: row.mode, reserved }) : more.ipv4_address;
    const mac_address = more.mac_address ?? (await drawnMac(tx, row, more, ipv4_address !== undefined));
    const macLease =
      mac_address === undefined
        ? undefined
        : await tx.insert('mac_lease', {
            uuid: freshUuid('ml'),
            interface_id: row.id,
            mac_address,
            segment_id: network?.segment_id ?? more.segment_id ?? null,
          });
    if (more.network_id === undefined || ipv4_address === undefined) return;
    // No route can be of an interface that is only being made.
    await tx.insert('ip_lease', {
      uuid: freshUuid('il'),
      enable_routing: false,
      network_id: more.network_id,
      ipv4_address,
      mac_lease_id: macLease?.id ?? null,
      interface_id: row.id,
    });
  },

  async changed(tx, row, { owner_datapath_id, port_name, ipv4_address, mac_address }: Given & Changed) {
    await changePort(tx, row, { owner_datapath_id, port_name });
    if (mac_address !== undefined) {
      const [lease] = await tx.find('mac_lease', { interface_id: row.id }, { limit: 1 });
      if (lease) await tx.update('mac_lease', lease.id, { mac_address });
      else
        throw lacks(row, 'MAC lease', addCommand('mac_lease', shell`--interface-uuid ${row.uuid} --mac-address MAC`));
    }
    if (ipv4_address === undefined) return;
    const lease = await firstLeaseOf(tx, row.id);
    const options = shell`--interface-uuid ${row.uuid} --network-uuid NETWORK --ipv4-address ADDRESS`;
    if (!lease) throw lacks(row, 'IP lease', addCommand('ip_lease', options));
    requireInNetwork((await tx.get('network', lease.network_id))!, ipv4_address);
    await tx.update('ip_lease', lease.id, { ipv4_address });
  },

  view: interfaceView,
  findings: interfaceFindings,
  describe: describeInterface,
  askHosts: askInterfaceHosts,
};

/** What a request may change besides the interface itself: its port, and its first leases. */
interface Changed {
  readonly owner_datapath_id?: number | null | undefined;
  readonly port_name?: string | null | undefined;
  readonly ipv4_address?: number;
  readonly mac_address?: number;
}

function lacks({ uuid }: RowOf<'interface'>, what: string, command: string): ApiError {
  return new ApiError('argument', `interface ${uuid} has no ${what} to change`, { hint: `Use: ${command}` });
}

/** Changes the first port as asked, and as the mode wants it: a guest's uuid names its port, a gateway needs none. */
async function changePort(
  tx: Transaction,
  row: RowOf<'interface'>,
  { owner_datapath_id, port_name }: Pick<Changed, 'owner_datapath_id' | 'port_name'>,
): Promise<void> {
  const [port] = await tx.find('interface_port', { interface_id: row.id }, { limit: 1 });
  if (!port) {
    if (owner_datapath_id == null && port_name == null) return;
    return await makePort(tx, row, {
      ...(owner_datapath_id != null && { owner_datapath_id }),
      ...(port_name != null && { port_name }),
    });
  }
  const datapath_id = owner_datapath_id === undefined ? port.datapath_id : owner_datapath_id;
  const name = port_name === undefined ? nameFor(row, port) : port_name;
  const singular = datapath_id !== null || name !== null ? true : null;
  await tx.update('interface_port', port.id, { datapath_id, port_name: name, singular, interface_mode: row.mode });
}

function nameFor({ uuid, mode }: RowOf<'interface'>, port: RowOf<'interface_port'>): string | null {
  if (port.interface_mode === mode) return port.port_name;
  if (mode === 'vif') return port.port_name ?? uuid;
  return mode === 'simulated' && port.port_name === uuid ? null : port.port_name;
}

/** A MAC address for a new interface that was given none: of the group that was named, or any where it has an IP address. */
async function drawnMac(
  tx: Transaction,
  { mode }: RowOf<'interface'>,
  { mac_range_group_id }: Along,
  hasAddress: boolean,
): Promise<number | undefined> {
  if (mac_range_group_id !== undefined) return await drawMac(tx, mac_range_group_id);
  return hasAddress && drawsMac(mode) ? await drawGuestMac(tx) : undefined;
}

async function makePort(
  tx: Transaction,
  row: RowOf<'interface'>,
  { owner_datapath_id, port_name }: Along,
): Promise<void> {
  // As in 2013, a guest's uuid is the name of its port unless another name is given.
  const name = port_name ?? (row.mode === 'vif' ? row.uuid : null);
  await tx.insert('interface_port', {
    interface_id: row.id,
    datapath_id: owner_datapath_id ?? null,
    port_name: name,
    singular: owner_datapath_id !== undefined || name !== null ? true : null,
    interface_mode: row.mode,
  });
}
