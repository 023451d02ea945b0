import { isIPv4 } from 'node:net';
import type { Rows, View } from '../engine/relations.ts';
import { dnsSuffixOf } from './dns-suffix.ts';

/** Seconds for which an answer may be kept, where nothing is said. */
const usualTtl = 300;
const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

export interface NamedAddress {
  readonly address: number;
  readonly ttl: number;
}

/** What a DNS service knows: names in lower case without the last dot, and addresses. */
export interface Names {
  readonly domains: readonly string[];
  readonly networks: readonly { readonly first: number; readonly prefix: number }[];
  readonly addresses: ReadonlyMap<string, readonly NamedAddress[]>;
  readonly names: ReadonlyMap<number, readonly string[]>;
  /** Names above others, which exist though they have no address. */
  readonly above: ReadonlySet<string>;
  /** Uuid of what holds its records and servers, where it has any. */
  readonly service?: string | undefined;
  /** Servers for all other names. */
  readonly servers: readonly string[];
}

/**
 * The names of a DNS service: its records, and the interfaces of its networks by display name and by uuid without the
 * prefix, all under the domain of the network.
 */
export function namesOf(service: number, interfaceId: number, view: View): Names {
  const addresses = new Map<string, NamedAddress[]>();
  const names = new Map<number, string[]>();
  const add = (name: string, address: number, ttl: number, reverse: boolean): void => {
    const known = addresses.get(name) ?? [];
    addresses.set(name, known);
    if (!known.some((each) => each.address === address)) known.push({ address, ttl });
    if (!reverse) return;
    const back = names.get(address) ?? [];
    names.set(address, back);
    if (!back.includes(name)) back.push(name);
  };
  const stations = view.where('station', 'interface_id', interfaceId);
  const networks = [...new Set(stations.map(({ network_id }) => network_id))]
    .map((id) => view.get('network', id))
    .filter((network) => network !== undefined);
  const domains = networks.map(dnsSuffixOf);
  const services = view.where('dns_service', 'network_service_id', service);
  for (const { id } of services) {
    for (const { name, ipv4_address, ttl } of view.where('dns_record', 'dns_service_id', id)) {
      if (ipv4_address === null) continue;
      const plain = name.toLowerCase().replace(/\.$/, '');
      const whole = domains.some((domain) => isBelow(plain, domain));
      for (const domain of whole ? [] : domains) add(`${plain}.${domain}`, ipv4_address, ttl ?? usualTtl, true);
      add(plain, ipv4_address, ttl ?? usualTtl, whole || domains.length === 0);
    }
  }
  for (const network of networks) {
    for (const { interface_id, ipv4_address } of view.where('ip_lease', 'network_id', network.id)) {
      const owner = interface_id === null ? undefined : view.get('interface', interface_id);
      for (const name of owner ? labelsOf(owner) : [])
        add(`${name}.${dnsSuffixOf(network)}`, ipv4_address, usualTtl, true);
    }
  }
  const servers = services.flatMap(({ public_dns }) => (public_dns ?? '').split(',')).filter(isIPv4);
  const ranges = networks.map(({ ipv4_network, ipv4_prefix }) => ({ first: ipv4_network, prefix: ipv4_prefix }));
  const above = parentsOf(addresses.keys());
  return { domains, networks: ranges, addresses, names, above, service: services[0]?.uuid, servers };
}

/** The names of an interface that can be labels. */
function labelsOf({ display_name, uuid }: Rows['interface']): string[] {
  const names = [display_name ?? '', uuid.slice(uuid.indexOf('-') + 1)].map((name) => name.toLowerCase());
  return [...new Set(names)].filter((name) => label.test(name));
}

/** Whether `name` is `domain` or below it. */
export function isBelow(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}

function parentsOf(names: Iterable<string>): Set<string> {
  const above = new Set<string>();
  for (const name of names)
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) above.add(name.slice(dot + 1));
  return above;
}

/** The address of a name in the reverse zone; undefined if it is not a whole one. */
export function reverseAddress(name: string): number | undefined {
  const found = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name);
  const parts = found?.slice(1).map(Number) ?? [];
  if (parts.length === 0 || parts.some((part) => part > 255)) return undefined;
  return parts.reduceRight((sum, part) => sum * 256 + part, 0);
}
