/** How two hosts send to each other: both ends come to the same result, as both know the datapaths of both. */
import { type Encapsulation, encapsulations } from './resources/datapath.ts';
import type { RowOf } from './resources/index.ts';

type Datapath = Pick<RowOf<'datapath'>, 'tunnel_address' | 'encapsulation' | 'underlay_mtu'>;

export interface UnderlayPath {
  readonly encapsulation: Encapsulation;
  /** Size of the largest IP packet inside the tunnel, in bytes; null if the MTU of an underlay is not known. */
  readonly mtu: number | null;
}

/** What a tunnel adds to an IP packet in it, in bytes: outer IPv4 and tunnel headers, the key, the inner Ethernet header. */
const overheads: { readonly [E in Encapsulation]: number } = { geneve: 50, vxlan: 50, gre: 42 };
/** By which an IPv6 header is larger than one of IPv4. */
const ipv6Extra = 20;
/**
 * To how many other hosts one broadcast is sent. The userspace datapath of Open vSwitch sends 780 copies of a packet, and drops the
 * others without a word.
 */
export const mostFloodHosts = 500;

/** What every IPv4 host takes: an underlay that says less says nothing of use. RFC 791, 3.2. */
const leastMtu = 68;

/** The path between two hosts; undefined if one of them has no tunnel address, or they are one host. */
export function pathBetween(one: Datapath, other: Datapath): UnderlayPath | undefined {
  const [from, to] = [one.tunnel_address, other.tunnel_address];
  if (from === null || to === null || from === to || isIpv6(from) !== isIpv6(to)) return undefined;
  return pathOf(one, other);
}

/** Of all paths between any two of some hosts, the one that takes the smallest packets; undefined if no limit is known. */
export function narrowestPath<D extends Datapath>(
  hosts: Iterable<D>,
): { readonly mtu: number; readonly between: readonly [D, D] } | undefined {
  // Hosts are many, and differ little.
  const alike = [...Map.groupBy(hosts, kindOf).values()];
  const pairs = alike.flatMap(([first, second], i): [D, D][] => [
    ...(second ? [[first!, second] as [D, D]] : []),
    ...alike.slice(i + 1).map(([other]): [D, D] => [first!, other!]),
  ]);
  const paths = pairs.flatMap(([one, other]) => {
    const mtu = one.tunnel_address === null || other.tunnel_address === null ? null : pathOf(one, other).mtu;
    return mtu === null ? [] : [{ mtu, between: [one, other] as const }];
  });
  return paths.sort((a, b) => a.mtu - b.mtu)[0];
}

function kindOf({ encapsulation, underlay_mtu, tunnel_address }: Datapath): string {
  return [encapsulation, underlay_mtu, tunnel_address && isIpv6(tunnel_address)].join();
}

/** Of what the two are set to, the later one in the list of encapsulations. */
function pathOf(one: Datapath, other: Datapath): UnderlayPath {
  const [a, b] = [one, other].map(({ encapsulation }) => encapsulations.indexOf(encapsulation ?? 'geneve'));
  const encapsulation = encapsulations[Math.max(a!, b!)]!;
  if (one.underlay_mtu === null || other.underlay_mtu === null) return { encapsulation, mtu: null };
  const overhead = overheads[encapsulation] + (isIpv6(one.tunnel_address!) ? ipv6Extra : 0);
  const mtu = Math.min(one.underlay_mtu, other.underlay_mtu) - overhead;
  return { encapsulation, mtu: mtu < leastMtu ? null : mtu };
}

function isIpv6(address: string): boolean {
  return address.includes(':');
}
