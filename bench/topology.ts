/**
 * The topology of the scale measurements: networks of 50 guests, a gateway in each, a logical router for each ten
 * networks. Every port is guarded, as OVN's are with port security. Guest `n` is `if-gN` and wants the port of that
 * name, whose OpenFlow number is `n + 1`. What else is in use is said by `Extras`.
 */
import { ipv4ToText, macToText } from '../packages/model/src/index.ts';
import type { Store, Transaction } from '../packages/store/src/index.ts';

export const dpid = '0000feedface0001';
export const datapathUuid = 'dp-br0';
export const node = 'bench';
export const portsPerNetwork = 50;
const networksPerRouter = 10;
const gatewayHost = 254;

export function portName(guest: number): string {
  return `if-g${guest}`;
}

/** What a topology has besides: DHCP and DNS at each gateway, a filter of four rules at each guest. */
export interface Extras {
  readonly services?: boolean;
  readonly filters?: boolean;
}

const rules = [
  { protocol: 'icmp', dst_port: null, action: 'pass' },
  { protocol: 'tcp', dst_port: 22, action: 'pass' },
  { protocol: 'tcp', dst_port: 443, action: 'pass' },
  { protocol: 'udp', dst_port: 53, action: 'conn' },
] as const;

/** Writes the topology of so many ports into an empty store. */
export function register(store: Store, ports: number, extras: Extras = {}): void {
  const networks = Math.ceil(ports / portsPerNetwork);
  store.transaction((tx) => tx.insert('datapath', datapath));
  for (let first = 0; first < networks; first += networksPerRouter) {
    store.transaction((tx) => {
      const router = tx.insert('route_link', { uuid: `rl-r${first}`, mac_address: null });
      for (let n = first; n < Math.min(first + networksPerRouter, networks); n++) {
        const guests = Math.min(portsPerNetwork, ports - n * portsPerNetwork);
        registerNetwork(tx, { number: n, guests, router: router.id, extras });
      }
    });
  }
}

/** What a client would POST to `/interfaces` for one more guest, in one of the networks. */
export function oneMore(guest: number, ports: number, extra: number): Record<string, string> {
  const networks = Math.ceil(ports / portsPerNetwork);
  const network = extra % networks;
  const host = portsPerNetwork + 1 + Math.floor(extra / networks);
  return {
    uuid: portName(guest),
    network_uuid: `nw-n${network}`,
    ipv4_address: ipv4ToText(addressOf(network, host)),
    mac_address: macToText(macOf(guest)),
  };
}

const datapath = { uuid: datapathUuid, display_name: 'br0', dpid, node_id: node, enable_ovs_learn_action: true };
const interfaceDefaults = { enable_filtering: false, enable_routing: false, enable_route_translation: false };

function registerNetwork(
  tx: Transaction,
  { number, guests, router, extras }: { number: number; guests: number; router: number; extras: Extras },
): void {
  const base = addressOf(number, 0);
  const range = { ipv4_network: base, ipv4_prefix: 24 };
  const { id: network } = tx.insert('network', { uuid: `nw-n${number}`, display_name: '', ...range });
  for (let i = 0; i < guests; i++) {
    const guest = number * portsPerNetwork + i;
    const id = registerInterface(tx, {
      uuid: portName(guest),
      network,
      mac: macOf(guest),
      ip: base + 1 + i,
      mode: 'vif',
      filtered: extras.filters,
    });
    if (extras.filters) registerFilter(tx, guest, id);
  }
  const gateway = registerInterface(tx, {
    uuid: `if-gw${number}`,
    network,
    mac: 0x5254_ff00_0000 + number,
    ip: base + gatewayHost,
    mode: 'simulated',
  });
  if (extras.services) {
    for (const mode of ['dhcp', 'dns'] as const)
      tx.insert('network_service', { uuid: `ns-${mode}${number}`, interface_id: gateway, mode });
  }
  tx.insert('route', {
    uuid: `r-n${number}`,
    interface_id: gateway,
    network_id: network,
    route_link_id: router,
    ...range,
    ingress: true,
    egress: true,
  });
}

function registerInterface(
  tx: Transaction,
  made: {
    uuid: string;
    network: number;
    mac: number;
    ip: number;
    mode: 'vif' | 'simulated';
    filtered?: boolean | undefined;
  },
): number {
  const { uuid, network, mac, ip, mode, filtered = false } = made;
  const name = uuid.slice(3);
  const { id } = tx.insert('interface', { uuid, mode, ...interfaceDefaults, enable_filtering: filtered });
  tx.insert('interface_port', { interface_id: id, port_name: mode === 'vif' ? uuid : null, interface_mode: mode });
  const lease = tx.insert('mac_lease', { uuid: `ml-${name}`, interface_id: id, mac_address: mac });
  tx.insert('ip_lease', {
    uuid: `il-${name}`,
    enable_routing: false,
    network_id: network,
    ipv4_address: ip,
    mac_lease_id: lease.id,
    interface_id: id,
  });
  return id;
}

function registerFilter(tx: Transaction, guest: number, interfaceId: number): void {
  const passes = { ingress_passthrough: false, egress_passthrough: false };
  const filter = tx.insert('filter', { uuid: `fil-g${guest}`, interface_id: interfaceId, mode: 'static', ...passes });
  const anywhere = { src_address: 0, src_prefix: 0, dst_address: 0, dst_prefix: 0, src_port: null };
  for (const rule of rules) tx.insert('filter_static', { filter_id: filter.id, ...anywhere, ...rule });
}

/** The address of a guest, and its MAC address. */
export function guestOf(guest: number): { readonly ip: number; readonly mac: number } {
  const network = Math.floor(guest / portsPerNetwork);
  return { ip: addressOf(network, 1 + (guest % portsPerNetwork)), mac: macOf(guest) };
}

function addressOf(network: number, host: number): number {
  return 0x0a00_0000 + network * 256 + host;
}

function macOf(guest: number): number {
  return 0x5254_0000_0000 + guest;
}
