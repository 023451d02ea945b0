/**
 * Topologies drawn by lot, for properties, with every feature in. What is drawn is small, so that much of it meets; some of
 * it the manager would refuse, and some waits for what never comes.
 */
import type fc from 'fast-check';
import type { ModelRows, Resolved } from '../engine/relations.ts';
import { segmentDomain } from '../pipeline/domain-numbers.ts';
import { localPort } from '../pipeline/ports.ts';
import {
  type Draw,
  type DrawnAddress,
  draw,
  drawnDatapath,
  guestPorts,
  otherHosts,
  switchPorts,
  tunnelPorts,
  uplinkPorts,
} from './draws.ts';
import {
  datapathRow,
  filterRow,
  macLeaseRow,
  macOf,
  networkRows,
  type Put,
  placementRow,
  plainInterface,
  routeRows,
  routingLease,
  ruleRow,
  segmentRow,
  serviceRows,
  staticRow,
  TestModel,
  TestSwitch,
  translationRows,
} from './model.ts';

export {
  drawnDatapath,
  guestPorts,
  otherHosts,
  someServices,
  strangerPort,
  switchPorts,
  tunnelPorts,
  uplinkPorts,
} from './draws.ts';

const host = 31;
const firstGateway = 101;
const firstRemote = 41;
const firstRemoteUplink = 61;

/** An address of an interface; network 0 where it has made it up. */
export interface Address {
  readonly network: number;
  readonly mac: number;
  readonly ip: number;
}

export interface Topology {
  readonly rows: readonly Put[];
  /** What stations outside have said. */
  readonly resolved: readonly Resolved[];
  readonly guests: readonly { readonly port: number; readonly places: readonly Address[] }[];
  readonly gateways: readonly { readonly id: number; readonly places: readonly Address[] }[];
  readonly uplinks: readonly { readonly id: number; readonly port: number; readonly places: readonly Address[] }[];
  /** Interfaces on other hosts. */
  readonly remotes: readonly { readonly host: number; readonly places: readonly Address[] }[];
  /** Stations that the model does not know, and addresses outside that gateways translate. */
  readonly outside: readonly Address[];
}

/**
 * Up to four networks, of which some have the same range or a segment; guests, gateways, uplinks and the host itself with
 * addresses or without; routes, filters, translations, services.
 */
export const topology: fc.Arbitrary<Topology> = draw.map((drawn) => new Builder(drawn).build());

/** A switch that has the rows, ports and stations of a topology. */
export function populated({ rows, resolved }: Topology): TestSwitch {
  const model = new TestModel();
  for (const row of rows) model.put(...row);
  const vswitch = new TestSwitch(model, drawnDatapath);
  for (const [id, name] of switchPorts) vswitch.port(id, name);
  for (const [id, encapsulation] of tunnelPorts) vswitch.compiler.relations.tunnel.set({ id, encapsulation });
  for (const row of resolved) vswitch.compiler.relations.resolved.set(row);
  vswitch.compiler.update();
  return vswitch;
}

class Builder {
  readonly #drawn: Draw;
  readonly #rows: Put[] = [];
  readonly #taken = new Set<string>();

  constructor(drawn: Draw) {
    this.#drawn = drawn;
  }

  build(): Topology {
    const { networks, segments, host: own } = this.#drawn;
    for (const [i, mode] of segments.entries()) this.#rows.push(segmentRow(i + 1, mode));
    for (const [i, { range, segment, mtu, mode }] of networks.entries())
      this.#rows.push(...networkRows(i + 1, addressIn(range, 0), { mtu, segment_id: segment, mode }));
    const guests = [...this.#guests(), ...(own ? [this.#host(own)] : [])];
    const remotes = this.#remotes();
    const gateways = this.#gateways();
    const uplinks = this.#uplinks();
    const resolved = this.#resolved();
    const doors = [...gateways, ...uplinks.filter(({ mode, places }) => mode === 'patch' && places.length > 0)];
    const known = [...guests, ...doors, ...remotes].flatMap(({ places }) => places.map(({ ip }) => ip));
    this.#routes(doors, known);
    this.#filters(known);
    const outside = [
      ...resolved.map(({ domain_id, mac, ip }) => ({ network: domain_id, mac, ip })),
      ...this.#translations(
        gateways,
        guests.flatMap(({ places }) => places.map(({ ip }) => ip)),
      ),
    ];
    this.#services(gateways);
    return { rows: latest(this.#rows), resolved, guests, gateways, uplinks, remotes, outside };
  }

  #guests(): Topology['guests'] {
    return this.#drawn.guests.map(({ places, segment, filtered, routing }, i) => {
      const id = guestPorts[i]!;
      const made = this.#interface(id, 'vif', places, segment, { enable_filtering: filtered, enable_routing: routing });
      // One without addresses says that it has one.
      const range = this.#drawn.networks[i % this.#drawn.networks.length]!.range;
      return {
        port: id,
        places: made.length > 0 ? made : [{ network: 0, mac: macOf(id), ip: addressIn(range, 90 + i) }],
      };
    });
  }

  #remotes(): Topology['remotes'] {
    const { remotes, remoteUplinks, moving, guests, networks, encapsulations: kinds } = this.#drawn;
    for (const [i, id] of [drawnDatapath, ...otherHosts].entries())
      this.#rows.push(datapathRow(id, { encapsulation: kinds[i]! }));
    if (moving) this.#rows.push(placementRow(guestPorts[moving.guest % guests.length]!, moving.host, moving.standby));
    remoteUplinks.forEach(({ host: at, mode, segment, network }, i) => {
      const id = firstRemoteUplink + i;
      this.#interface(id, mode, [], segment);
      if (segment === null) this.#rows.push(staticRow(id, id, { network: 1 + (network % networks.length) }));
      this.#rows.push(placementRow(id, at));
    });
    return remotes.map(({ host: at, places, segment, movesTo }, i) => {
      const id = firstRemote + i;
      this.#rows.push(placementRow(id, at));
      if (movesTo !== null && movesTo !== at) this.#rows.push(placementRow(id, movesTo, true));
      return { host: at, places: this.#interface(id, 'vif', places, segment) };
    });
  }

  #host(place: DrawnAddress): Topology['guests'][number] {
    return { port: localPort, places: this.#interface(host, 'internal', [place], null) };
  }

  #gateways(): Topology['gateways'] {
    return this.#drawn.gateways.map(({ places, translates }, i) => {
      const id = firstGateway + i;
      const doors = places.map((place) => ({ ...place, host: 250 + (place.host % 3) }));
      return { id, places: this.#interface(id, 'simulated', doors, null, { enable_route_translation: translates }) };
    });
  }

  #uplinks(): (Topology['uplinks'][number] & { readonly mode: string })[] {
    return this.#drawn.uplinks.map(({ mode, by, segment, place }, i) => {
      const id = uplinkPorts[i]!;
      const network = 1 + (place.network % this.#drawn.networks.length);
      const leased = by === 'lease' && segment === null ? [{ ...place, host: 240 + (place.host % 3) }] : [];
      const places = this.#interface(id, mode, leased, by === 'lease' ? segment : null);
      const to = { datapath_id: drawnDatapath, mac_address: null, ...ofNobody, interface_id: id };
      if (by === 'static') this.#rows.push(staticRow(id, id, segment === null ? { network } : { segment }));
      else if (by === 'datapath' && segment === null)
        this.#rows.push(['datapath_network', { ...to, id, network_id: network } as ModelRows['datapath_network']]);
      else if (by === 'datapath')
        this.#rows.push(['datapath_segment', { ...to, id, segment_id: segment } as ModelRows['datapath_segment']]);
      return { id, port: id, mode, places };
    });
  }

  /** An interface with its port, its addresses, and a MAC lease that is in a segment or in none. */
  #interface(
    id: number,
    mode: ModelRows['interface']['mode'],
    places: readonly DrawnAddress[],
    segment: number | null,
    more: Partial<ModelRows['interface']> = {},
  ): Address[] {
    const named = mode !== 'simulated' && mode !== 'internal';
    for (const [kind, row] of plainInterface(id, mode, named ? `if-${id}` : null))
      this.#rows.push([kind, kind === 'interface' ? { ...row, ...more } : row] as Put);
    this.#rows.push(macLeaseRow(id, id, segment));
    return places.map(({ network, host: wanted, ownMac }, i) => {
      const at = network % this.#drawn.networks.length;
      const ip = this.#free(at, wanted);
      const mac = i === 1 && ownMac ? 1000 + id : id;
      if (mac !== id) this.#rows.push(macLeaseRow(mac, id, null), lease(mac, id, at + 1, ip, mac));
      else this.#rows.push(lease(i === 0 ? id : 1000 + id, id, at + 1, ip, i === 0 ? id : null));
      return { network: at + 1, mac: macOf(mac), ip };
    });
  }

  /** An address that nobody has yet in the network, and in its segment. */
  #free(at: number, wanted: number): number {
    const { range, segment } = this.#drawn.networks[at]!;
    for (let number = wanted; ; number += 7) {
      const ip = addressIn(range, number % 256);
      const key = `${segment === null ? `network ${at}` : `segment ${segment}`} ${ip}`;
      if (this.#taken.has(key)) continue;
      this.#taken.add(key);
      return ip;
    }
  }

  #resolved(): Resolved[] {
    return this.#drawn.resolved.map(({ network, host: number, mac }, i) => {
      const at = network % this.#drawn.networks.length;
      const { segment } = this.#drawn.networks[at]!;
      const domain_id = segment === null ? at + 1 : segmentDomain(segment)!;
      return { id: i + 1, domain_id, ip: this.#free(at, 220 + number), mac: macOf(9000 + mac) };
    });
  }

  #routes(doors: Topology['gateways'], known: readonly number[]): void {
    const { routes, statics, guests, networks } = this.#drawn;
    const ranges = [...known, 0xc0a8_0100, 0x0808_0808];
    routes.forEach(({ gateway, place, link, range, prefix, nextHop, ingress, egress }, i) => {
      const { id, places } = doors[gateway % doors.length]!;
      const network = place === null ? null : places[place % places.length]!.network;
      const near = networks[(network ?? places[0]!.network) - 1]!.range;
      this.#rows.push(
        ...routeRows(i + 1, link, id, 0, {
          network_id: network,
          ipv4_network: mask(ranges[range % ranges.length]!, prefix),
          ipv4_prefix: prefix,
          next_hop_ipv4_address: nextHop === null ? null : addressIn(near, 220 + (nextHop % 3)),
          ingress,
          egress,
        }),
      );
    });
    statics.forEach(({ guest, segment, network }, i) => {
      const to = segment === null ? { network: 1 + (network % networks.length) } : { segment };
      this.#rows.push(staticRow(i + 1, guestPorts[guest % guests.length]!, to));
    });
  }

  #filters(known: readonly number[]): void {
    const address = (index: number, prefix: number): number => mask(known[index % known.length]!, prefix);
    this.#drawn.filters.forEach(({ guest, passthrough, rules }, i) => {
      this.#rows.push(filterRow(i + 1, guestPorts[guest % this.#drawn.guests.length]!, passthrough));
      rules.forEach(({ src, dst, ...rule }, j) => {
        const ends = { src_address: address(src, rule.src_prefix), dst_address: address(dst, rule.dst_prefix) };
        this.#rows.push(ruleRow(10 * (i + 1) + j, i + 1, { ...rule, ...ends }));
      });
    });
  }

  /** The addresses outside; each gateway that has entries has one leased for routing. */
  #translations(gateways: Topology['gateways'], inner: readonly number[]): Address[] {
    const outside = new Map<number, Address>();
    this.#drawn.translations.forEach(({ gateway, passthrough, entries }, i) => {
      const at = gateway % gateways.length;
      const { id, places } = gateways[at]!;
      const [{ network, mac }] = places as [Address];
      const ip = outside.get(id)?.ip ?? this.#free(network - 1, 230 + at);
      outside.set(id, { network, mac, ip });
      this.#rows.push(routingLease(2000 + id, id, network, ip));
      const rows = entries.map(({ leased, inside, ports, route_link_id }) => ({
        ingress_ipv4_address: leased ? ip : 0xc0a8_0101,
        egress_ipv4_address: inner[inside % inner.length]!,
        ingress_port_number: ports?.[0] ?? null,
        egress_port_number: ports?.[1] ?? null,
        route_link_id,
      }));
      this.#rows.push(...translationRows(10 * (i + 1), id, rows, passthrough));
    });
    return [...outside.values()];
  }

  /** One of each kind at a gateway. */
  #services(gateways: Topology['gateways']): void {
    for (const { gateway, mode, incoming_port } of this.#drawn.services) {
      const at = gateway % gateways.length;
      const [[kind, row]] = serviceRows(2 * at + (mode === 'dns' ? 2 : 1), gateways[at]!.id, mode) as [
        Put & readonly ['network_service', unknown],
      ];
      this.#rows.push([kind, { ...row, incoming_port: mode === 'dns' ? incoming_port : null }]);
    }
  }
}

const ofNobody = {
  uuid: '',
  ip_lease_id: null,
  topology_id: null,
  topology_layer_id: null,
  topology_mac_range_group_id: null,
};

export function addressIn(range: number, number: number): number {
  return 0x0a000000 + range * 256 + number;
}

function mask(address: number, prefix: number): number {
  return prefix === 0 ? 0 : (address & (0xffff_ffff << (32 - prefix))) >>> 0;
}

function lease(id: number, interface_id: number, network_id: number, ip: number, mac: number | null): Put {
  const [kind, row] = routingLease(id, interface_id, network_id, ip) as Put & readonly ['ip_lease', unknown];
  return [kind, { ...row, enable_routing: false, mac_lease_id: mac }];
}

/** Of rows that are put twice, the last: so that their order is of no account. */
function latest(rows: readonly Put[]): Put[] {
  return [...new Map(rows.map((put) => [`${put[0]} ${put[1].id}`, put])).values()];
}
