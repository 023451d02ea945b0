import { ipv4ToText, type RowOf, shell } from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { type Advice, command, covers, rangeOf, routeWords } from './words.ts';

/** Packets for whom their network does not know, or which it does not carry. */
export const stations: Pick<Advice, 'unknown_address' | 'silent_station' | 'too_large'> = {
  async unknown_address(reader, { network_id, address }) {
    const network = await reader.get('network', network_id);
    if (!network) return [];
    const text = ipv4ToText(address);
    if (network.mode === 'physical' && !(await hasUplink(reader, network_id)))
      return [
        `${network.uuid} is physical but has no uplink, so stations outside are unreachable. Use: ${shell`vnctl interfaces add --mode host --network-uuid ${network.uuid} --port-name PORT --ipv4-address ADDRESS`}`,
      ];
    if (!covers(network, address)) return [`${text} is outside ${network.uuid} (${rangeOf(network)})`];
    return [
      `Register the guest with this address. Use: ${shell`vnctl interfaces add --network-uuid ${network.uuid} --ipv4-address ${text} --port-name PORT`}`,
    ];
  },

  async silent_station(reader, { network_id, address }) {
    const network = await reader.get('network', network_id);
    if (!network) return [];
    const text = ipv4ToText(address);
    const what = `${text} has not answered ARP requests in ${network.uuid}`;
    const beyond = (await reader.find('route', { network_id })).find(
      (route) => route.egress && (route.next_hop_ipv4_address === address || route.ipv4_prefix < network.ipv4_prefix),
    );
    const gateway = beyond && (await reader.get('interface', beyond.interface_id));
    const link = beyond && (await reader.get('route_link', beyond.route_link_id));
    if (!gateway || !link) return [`${what}: is it there? On the host, use: ping ${text}`];
    const again = routeWords(gateway.uuid, link.uuid, { ...network, ...beyond, uuid: network.uuid });
    return [
      `${what}. If it is not the next hop of ${beyond.uuid}, use: ${command('routes', 'del', beyond.uuid)} && ${command(...again)} --next-hop-ipv4-address ADDRESS`,
    ];
  },

  async too_large(reader, { network_id, size, mtu, datapath_id }) {
    const network = await reader.get('network', network_id);
    if (!network) return [];
    const host = datapath_id === null ? undefined : await reader.get('datapath', datapath_id);
    if (host)
      return [
        `The tunnel to ${host.uuid} takes packets of up to ${mtu} bytes. To have DHCP tell the guests of ${network.uuid}, use: ${shell`vnctl networks modify ${network.uuid} --mtu ${mtu}`}`,
      ];
    return [
      `${network.uuid} has an MTU of ${network.mtu} bytes. If its links allow more, use: ${shell`vnctl networks modify ${network.uuid} --mtu ${size}`}`,
    ];
  },
};

/** Whether an interface joins a network to one outside. */
async function hasUplink(reader: Reader, network_id: number): Promise<boolean> {
  const rows = [
    ...(await reader.find('ip_lease', { network_id })),
    ...(await reader.find('interface_network', { network_id })),
    ...(await reader.find('datapath_network', { network_id })),
  ];
  const id = rows.flatMap(({ interface_id }) => interface_id ?? []);
  if (id.length === 0) return false;
  return (await reader.find('interface', { id })).some(({ mode }) => uplinkModes.has(mode));
}

const uplinkModes = new Set<RowOf<'interface'>['mode']>(['host', 'patch', 'promiscuous']);
