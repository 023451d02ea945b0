import { ipv4ToText, type RowOf, shell, type TraceCause } from '@openvnet/model';
import type { Reader } from '@openvnet/store';

type Causes = { readonly [W in TraceCause['what']]: Extract<TraceCause, { what: W }> };

/** What to do, by why a packet does not arrive. */
export type Advice = { readonly [W in TraceCause['what']]: (reader: Reader, cause: Causes[W]) => Promise<string[]> };

/** A command of `vnctl` for people to copy. */
export function command(...words: string[]): string {
  return shell`vnctl ${words}`;
}

export interface Range {
  readonly ipv4_network: number;
  readonly ipv4_prefix: number;
}

export function covers({ ipv4_network, ipv4_prefix }: Range, address: number): boolean {
  const size = 2 ** (32 - ipv4_prefix);
  return Math.floor(address / size) === Math.floor(ipv4_network / size);
}

export function rangeOf({ ipv4_network, ipv4_prefix }: Range): string {
  return `${ipv4ToText(ipv4_network)}/${ipv4_prefix}`;
}

export function routeWords(gateway: string, link: string, network: RowOf<'network'>): string[] {
  const to = ['--network-uuid', network.uuid, '--ipv4-network', rangeOf(network)];
  return ['routes', 'add', '--interface-uuid', gateway, '--route-link-uuid', link, ...to];
}
