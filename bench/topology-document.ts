import { ipv4ToText, macToText } from '../packages/model/src/index.ts';
import { dpid, guestOf, node, portName, portsPerNetwork } from './topology.ts';

const networksPerRouter = 10;

/** The topology of `register`, as a client gives it to `POST /apply`. */
export function topologyDocument(ports: number): Readonly<Record<string, readonly object[]>> {
  const numbers = Array.from({ length: Math.ceil(ports / portsPerNetwork) }, (_, number) => number);
  const addressOf = (network: number, host: number): string => ipv4ToText(0x0a00_0000 + network * 256 + host);
  const guests = Array.from({ length: ports }, (_, guest) => {
    const { ip, mac } = guestOf(guest);
    const network_uuid = `nw-n${Math.floor(guest / portsPerNetwork)}`;
    return { uuid: portName(guest), network_uuid, ipv4_address: ipv4ToText(ip), mac_address: macToText(mac) };
  });
  return {
    datapaths: [{ uuid: 'dp-br0', display_name: 'br0', dpid: `0x${dpid}`, node_id: node }],
    networks: numbers.map((n) => ({
      uuid: `nw-n${n}`,
      display_name: `n${n}`,
      ipv4_network: addressOf(n, 0),
      ipv4_prefix: 24,
      network_mode: 'virtual',
    })),
    interfaces: [
      ...guests,
      ...numbers.map((n) => ({
        uuid: `if-gw${n}`,
        mode: 'simulated',
        network_uuid: `nw-n${n}`,
        ipv4_address: addressOf(n, 254),
        mac_address: macToText(0x5254_ff00_0000 + n),
      })),
    ],
    route_links: numbers.filter((n) => n % networksPerRouter === 0).map((n) => ({ uuid: `rl-r${n}` })),
    routes: numbers.map((n) => ({
      uuid: `r-n${n}`,
      interface_uuid: `if-gw${n}`,
      network_uuid: `nw-n${n}`,
      route_link_uuid: `rl-r${n - (n % networksPerRouter)}`,
      ipv4_network: addressOf(n, 0),
      ipv4_prefix: 24,
    })),
  };
}
