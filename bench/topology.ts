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
export async function register(store: Store, ports: number, extras: Extras = {}): Promise<void> {
  const networks = Math.ceil(ports / portsPerNetwork);
  await store.transaction(by, (tx) => tx.insert('datapath', datapath));
  for (let first = 0; first < networks; first += networksPerRouter) {
    await store.transaction(by, async (tx) => {
      const router = await tx.insert('route_link', { uuid: `rl-r${first}`, mac_address: null });
      for (let n = first; n < Math.min(first + networksPerRouter, networks); n++) {
        const guests = Math.min(portsPerNetwork, ports - n * portsPerNetwork);
        await registerNetwork(tx, { number: n, guests, router: router.id, extras });
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
const by = { author: 'bench', request: null, message: null };
const interfaceDefaults = { enable_filtering: false, enable_routing: false, enable_route_translation: false };

async function registerNetwork(
  tx: Transaction,
  { number, guests, router, extras }: { number: number; guests: number; router: number; extras: Extras },
): Promise<void> {
  const base = addressOf(number, 0);
  const range = { ipv4_network: base, ipv4_prefix: 24 };
  const { id: network } = await tx.insert('network', { uuid: `nw-n${number}`, display_name: '', ...range });
  for (let i = 0; i < guests; i++) {
    const guest = number * portsPerNetwork + i;
    const id = await registerInterface(tx, {
      uuid: portName(guest),
      network,
      mac: macOf(guest),
      ip: base + 1 + i,
      mode: 'vif',
      filtered: extras.filters,
    });
    if (extras.filters) await registerFilter(tx, guest, id);
  }
  const gateway = await registerInterface(tx, {
    uuid: `if-gw${number}`,
    network,
    mac: 0x5254_ff00_0000 + number,
    ip: base + gatewayHost,
    mode: 'simulated',
  });
  if (extras.services) {
    for (const mode of ['dhcp', 'dns'] as const)
      await tx.insert('network_service', { uuid: `ns-${mode}${number}`, interface_id: gateway, mode });
  }
  await tx.insert('route', {
    uuid: `r-n${number}`,
    interface_id: gateway,
    network_id: network,
    route_link_id: router,
    ...range,
    ingress: true,
    egress: true,
  });
}

async function registerInterface(
  tx: Transaction,
  made: {
    uuid: string;
    network: number;
    mac: number;
    ip: number;
    mode: 'vif' | 'simulated';
    filtered?: boolean | undefined;
  },
): Promise<number> {
  const { uuid, network, mac, ip, mode, filtered = false } = made;
  const name = uuid.slice(3);
  const { id } = await tx.insert('interface', { uuid, mode, ...interfaceDefaults, enable_filtering: filtered });
  await tx.insert('interface_port', {
    interface_id: id,
    port_name: mode === 'vif' ? uuid : null,
    singular: mode === 'vif' ? true : null,
    interface_mode: mode,
  });
  const lease = await tx.insert('mac_lease', { uuid: `ml-${name}`, interface_id: id, mac_address: mac });
  await tx.insert('ip_lease', {
    uuid: `il-${name}`,
    enable_routing: false,
    network_id: network,
    ipv4_address: ip,
    mac_lease_id: lease.id,
    interface_id: id,
  });
  return id;
}

async function registerFilter(tx: Transaction, guest: number, interfaceId: number): Promise<void> {
  const passes = { ingress_passthrough: false, egress_passthrough: false };
  const filter = await tx.insert('filter', {
    uuid: `fil-g${guest}`,
    interface_id: interfaceId,
    mode: 'static',
    ...passes,
  });
  const anywhere = { src_address: 0, src_prefix: 0, dst_address: 0, dst_prefix: 0, src_port: null };
  for (const rule of rules) await tx.insert('filter_static', { filter_id: filter.id, ...anywhere, ...rule });
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
