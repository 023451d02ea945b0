import type { Change, Kind, RowOf } from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { Counted } from './counted.ts';
import { type Held, heldOf, published, publishedKinds, type Root } from './published.ts';

/** A broadcast domain: that of a segment, or of a network of its own. */
export type Domain = `network ${number}` | `segment ${number}`;

/** What a change of the structure may concern; hosts that have it in reach are looked at again. */
export type Affected =
  | Domain
  | `router ${number}`
  | `here ${number}`
  | `port ${string}`
  | `own ${number}`
  | `bridge ${string}`
  | `node ${string}`
  | 'everything';

/** An interface that has come into a domain, or left it. */
export interface Membership {
  readonly interfaceId: number;
  readonly domain: Domain;
}

export interface Effects {
  readonly affected: Set<Affected>;
  readonly memberships: Membership[];
}

/** How rows refer to each other: enough to say what each host can reach, and which hosts a row concerns. */
export class Structure {
  readonly #rows = new Map<Kind, Map<number, Held>>(publishedKinds.map((kind) => [kind, new Map()]));
  readonly #members = new Counted<Domain, number>();
  readonly #domains = new Counted<number, Domain>();
  /** Datapaths with ports of interfaces in a domain. */
  readonly #datapaths = new Counted<Domain, number>();
  readonly #placements = new Counted<number, number>();
  readonly #places = new Counted<number, number>();
  readonly #routesOfInterface = new Counted<number, number>();
  readonly #routesOfRouter = new Counted<number, number>();
  /** Interfaces with routes in a domain. */
  readonly #doors = new Counted<Domain, number>();
  readonly #networksOfSegment = new Counted<number, number>();
  readonly #portsByName = new Counted<string, number>();
  readonly #portsOf = new Counted<number, number>();
  /** Interfaces that are the host itself. */
  readonly #ofHosts = new Set<number>();

  async load(reader: Reader): Promise<void> {
    const effects = blankEffects();
    // Networks know their segments before leases ask for their domains.
    for (const kind of publishedKinds)
      for (const row of await reader.find(kind, {})) this.apply({ kind, id: row.id, row } as Change, effects);
  }

  get(kind: Kind, id: number): Held | undefined {
    return this.#rows.get(kind)?.get(id);
  }

  all(kind: Kind): ReadonlyMap<number, Held> {
    return this.#rows.get(kind)!;
  }

  /** Takes in a change; notes in `effects` what it may concern. */
  apply({ kind, id, row }: Change, effects: Effects): void {
    const rows = this.#rows.get(kind);
    if (!rows || !published[kind]) return;
    const before = rows.get(id);
    const after = row === null ? undefined : heldOf(kind, row as RowOf<typeof kind>);
    if (before && after && Object.keys(after).every((column) => before[column] === after[column])) return;
    if (before) this.#relate(kind, id, before, false, effects);
    if (after) rows.set(id, after);
    else rows.delete(id);
    if (after) this.#relate(kind, id, after, true, effects);
  }

  domainOf(networkId: number): Domain {
    const segment = this.get('network', networkId)?.segment_id;
    return segment == null ? `network ${networkId}` : `segment ${segment as number}`;
  }

  domainsOf(interfaceId: number): Iterable<Domain> {
    return this.#domains.of(interfaceId);
  }

  membersOf(domain: Domain): Iterable<number> {
    return this.#members.of(domain);
  }

  datapathsIn(domain: Domain): Iterable<number> {
    return this.#datapaths.of(domain);
  }

  placedOn(datapathId: number): Iterable<number> {
    return this.#placements.of(datapathId);
  }

  /** The networks of a domain, and its segment if it has one. */
  objectsOf(domain: Domain): { networks: number[]; segments: number[] } {
    const [kind, id] = domain.split(' ') as ['network' | 'segment', string];
    if (kind === 'network') return { networks: [Number(id)], segments: [] };
    return { networks: [...this.#networksOfSegment.of(Number(id))], segments: [Number(id)] };
  }

  /** The routers that have a door in a domain. */
  *routersIn(domain: Domain): Iterable<number> {
    for (const interfaceId of this.#doors.of(domain))
      for (const routeId of this.#routesOfInterface.of(interfaceId)) {
        const { route_link_id, network_id } = this.get('route', routeId)!;
        if (network_id === null || this.domainOf(network_id as number) === domain) yield route_link_id as number;
      }
  }

  /** The doors of a router: their interfaces, each with the domains that it leads to. */
  *doorsOf(routerId: number): Iterable<{ interfaceId: number; domains: Iterable<Domain> }> {
    for (const routeId of this.#routesOfRouter.of(routerId)) {
      const { network_id, interface_id } = this.get('route', routeId)!;
      const interfaceId = interface_id as number;
      const domains = network_id === null ? this.domainsOf(interfaceId) : [this.domainOf(network_id as number)];
      yield { interfaceId, domains };
    }
  }

  /** The interfaces that may be at a port of this name, on one of these datapaths. */
  *claimsOf(name: string, datapathIds: ReadonlySet<number>): Iterable<number> {
    for (const portId of this.#portsByName.of(name)) {
      const { interface_id, datapath_id } = this.get('interface_port', portId)!;
      const isHere = datapath_id === null || datapathIds.has(datapath_id as number);
      if (isHere && !withoutPort.has(this.get('interface', interface_id as number)?.mode)) yield interface_id as number;
    }
  }

  /** The interfaces that are the host itself, on one of these datapaths. */
  *ofHost(datapathIds: ReadonlySet<number>): Iterable<number> {
    for (const interfaceId of this.#ofHosts)
      for (const portId of this.#portsOf.of(interfaceId)) {
        const { datapath_id } = this.get('interface_port', portId)!;
        if (datapath_id === null || datapathIds.has(datapath_id as number)) yield interfaceId;
      }
  }

  #relate(kind: Kind, id: number, row: Held, isThere: boolean, { affected, memberships }: Effects): void {
    const change = isThere ? ('add' as const) : ('remove' as const);
    const number = (column: string): number => row[column] as number;
    const joins = (interfaceId: number | null | undefined, domain: Domain): void => {
      if (interfaceId == null) return;
      if (!this.#domains[change](interfaceId, domain)) return;
      this.#members[change](domain, interfaceId);
      memberships.push({ interfaceId, domain });
      affected.add(`here ${interfaceId}`);
      if (this.#routesOfInterface.has(interfaceId)) {
        this.#doors[change](domain, interfaceId);
        affected.add(domain);
        for (const routeId of this.#routesOfInterface.of(interfaceId))
          affected.add(`router ${this.get('route', routeId)!.route_link_id as number}`);
      }
      for (const datapathId of this.#places.of(interfaceId))
        if (this.#datapaths[change](domain, datapathId)) affected.add(domain);
    };
    switch (kind) {
      case 'datapath':
        affected.add(`bridge ${row.dpid}`).add(`node ${row.node_id}`).add(`own ${id}`);
        return;
      case 'network':
        if (row.segment_id != null) this.#networksOfSegment[change](number('segment_id'), id);
        return;
      case 'interface':
        if (isThere && ofHost.has(row.mode)) this.#ofHosts.add(id);
        else this.#ofHosts.delete(id);
        affected.add(`here ${id}`);
        for (const portId of this.#portsOf.of(id)) this.#affectedByPort(this.get('interface_port', portId)!, affected);
        return;
      case 'interface_port':
        this.#portsOf[change](number('interface_id'), id);
        if (row.port_name !== null) this.#portsByName[change](row.port_name as string, id);
        this.#affectedByPort(row, affected);
        return;
      case 'active_interface': {
        const [interfaceId, datapathId] = [number('interface_id'), number('datapath_id')];
        affected.add(`own ${datapathId}`);
        this.#placements[change](datapathId, interfaceId);
        this.#places[change](interfaceId, datapathId);
        for (const domain of this.domainsOf(interfaceId))
          if (this.#datapaths[change](domain, datapathId)) affected.add(domain);
        return;
      }
      case 'route': {
        const interfaceId = number('interface_id');
        this.#routesOfRouter[change](number('route_link_id'), id);
        const had = this.#routesOfInterface.has(interfaceId);
        this.#routesOfInterface[change](interfaceId, id);
        const has = this.#routesOfInterface.has(interfaceId);
        affected.add(`router ${number('route_link_id')}`);
        for (const domain of this.domainsOf(interfaceId)) {
          affected.add(domain);
          if (had !== has) this.#doors[change](domain, interfaceId);
        }
        return;
      }
      case 'ip_lease':
      case 'interface_network':
      case 'datapath_network':
        joins(row.interface_id as number | null, this.domainOf(number('network_id')));
        return;
      case 'mac_lease':
      case 'interface_segment':
      case 'datapath_segment':
        if (row.segment_id != null) joins(row.interface_id as number | null, `segment ${number('segment_id')}`);
    }
  }

  #affectedByPort({ interface_id, datapath_id, port_name }: Held, affected: Set<Affected>): void {
    if (port_name !== null) affected.add(`port ${port_name as string}`);
    if (!ofHost.has(this.get('interface', interface_id as number)?.mode)) return;
    affected.add(datapath_id === null ? 'everything' : `own ${datapath_id as number}`);
  }
}

/** Modes of interfaces that are the host itself, so that they are wherever they may be. */
const ofHost: ReadonlySet<unknown> = new Set<RowOf<'interface'>['mode']>(['host', 'internal']);
/** Modes of interfaces that have no port, whatever the name of one says. */
const withoutPort: ReadonlySet<unknown> = new Set<RowOf<'interface'>['mode']>(['simulated', 'remote']);

export function blankEffects(): Effects {
  return { affected: new Set(), memberships: [] };
}

/** The object at the end of the chain that a row belongs to, and the narrowest scope on the way. */
export function rootOf(
  structure: Structure,
  kind: Kind,
  id: number,
  held: Held | undefined,
): { readonly root: Root; readonly id: number; readonly scope: 'here' | 'gateway' | undefined } | undefined {
  let scope: 'here' | 'gateway' | undefined;
  let [at, atId, row] = [kind, id, held];
  while (true) {
    const declared = published[at];
    if (!declared) return undefined;
    scope ??= declared.scope;
    if (!declared.of) return { root: at as Root, id: atId, scope };
    const parent = row?.[declared.of.column];
    if (typeof parent !== 'number') return undefined;
    [at, atId] = [declared.of.kind, parent];
    row = structure.get(at, atId);
  }
}
