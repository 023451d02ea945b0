import { type AgentRow, columnOf, type Encapsulation, fieldsOf, type Kind, kinds, resourceOf } from '@openvnet/model';
import { meterOf } from '../pipeline/meters.ts';
import type { Reader } from './cell.ts';
import { type Identified, type Key, Relation } from './relation.ts';

/** An object of the model, by kind and number. */
export interface ObjectId {
  readonly kind: Kind;
  readonly id: number;
}

/** A port of the switch, as Open vSwitch has it. `id` is its OpenFlow number. */
export interface Port {
  readonly id: number;
  readonly name: string;
  /** `external_ids:iface-id`, the name by which other systems know the port. */
  readonly iface_id: string | null;
  /** Under which what comes in there is handed to the agent. */
  readonly meter: number;
  /** Whether its switch has meters; without, only the agent limits what it answers. */
  readonly metered: boolean;
}

/** A port as the switch's database tells it. */
export type PortFacts = Omit<Port, 'meter' | 'metered'>;

export function portOf(facts: PortFacts, metered = true): Port {
  return { ...facts, meter: meterOf(facts.id), metered };
}

/** An interface that is on this switch: at a port, or, where `port` is null, answered for by the switch. `id` is the interface's. */
export interface Binding {
  readonly id: number;
  readonly port: number | null;
  /** Of the port by which people know it: that of its name, or else the one where it is. */
  readonly port_name: string | null;
  /** The port at which it joins its network to one outside; null for most. */
  readonly uplink: number | null;
}

/** A port behind which are stations that the model does not know, and what it joins them to. `id` is the interface's. */
export interface Uplink {
  readonly id: number;
  readonly port: number;
  readonly domain_id: number;
  /** The domain, where it is a network's own; null for a segment. */
  readonly network_id: number | null;
}

/** The broadcast domain of a network: its own, or that of its segment. `id` is the network's. */
export interface NetworkDomain {
  readonly id: number;
  readonly domain_id: number;
}

/** A broadcast domain with stations that the model does not know: a segment, or a network with an uplink. */
export interface OpenDomain {
  readonly id: number;
}

/** An address of an interface that is on this switch. `id` is that of the IP lease. */
export interface Attachment {
  readonly id: number;
  readonly network_id: number;
  readonly domain_id: number;
  readonly interface_id: number;
  readonly mac_lease_id: number;
  readonly mac: number;
  readonly ip: number;
  readonly port: number | null;
  /** Whether the filters of its interface apply. */
  readonly filtered: boolean;
  /** Whether its interface may send for others, as a router does. */
  readonly routing: boolean;
  /** Which part of the domain's ports it is in, for broadcasts; null if it has no port. */
  readonly flood_part: number | null;
}

/** A port that is in a broadcast domain otherwise than by an IP lease. */
export interface Member {
  readonly id: number;
  readonly interface_id: number;
  readonly port: number;
  readonly filtered: boolean;
  readonly flood_part: number;
}

/** An address of a simulated interface, with the services that are offered at it. `id` is that of the IP lease. */
export interface Station {
  readonly id: number;
  readonly network_id: number;
  readonly domain_id: number;
  readonly interface_id: number;
  readonly mac: number;
  readonly ip: number;
  readonly dhcp: boolean;
  /** The network service of mode `dns`, and the port at which it listens; null if there is none. */
  readonly dns_service: number | null;
  readonly dns_port: number | null;
}

/** A station that the model does not know, and that has said what its MAC address is. `id` is any number. */
export interface Resolved {
  readonly id: number;
  readonly domain_id: number;
  readonly ip: number;
  readonly mac: number;
}

/** An interface that moves here, as its guest has been heard here. `id` is the interface's. */
export interface Heard {
  readonly id: number;
}

/** A filtered interface at a port, with the text of its rules. `id` is the interface's. */
export interface Filtering {
  readonly id: number;
  readonly port: number;
  /** Zone of connection tracking; null if no rule tracks. */
  readonly zone: number | null;
  readonly text: string;
  readonly hash: number;
}

/** The different rule sets that have one hash, which is `id`. */
export interface RuleSets {
  readonly id: number;
  readonly texts: string;
}

/** A part of the ports of a broadcast domain. */
export interface FloodPart {
  readonly id: number;
  readonly domain_id: number;
  readonly part: number;
}

/** A tunnel port of the switch. `id` is its OpenFlow number. */
export interface Tunnel {
  readonly id: number;
  readonly encapsulation: Encapsulation;
}

/** Another datapath that this one reaches by a tunnel. `id` is the datapath's. */
export interface Peer {
  readonly id: number;
  /** OpenFlow number of the tunnel port. */
  readonly port: number;
  /** Its tunnel address, as text: IPv4 or IPv6. */
  readonly address: string;
  /** Size of the largest IP packet that the tunnel takes; null if it is not known. */
  readonly mtu: number | null;
}

/** An interface on another datapath, and a broadcast domain that it is in. */
export interface RemoteMember {
  readonly id: number;
  readonly domain_id: number;
  readonly datapath_id: number;
  /** Of domain and datapath together. */
  readonly flood_peer: number;
}

/** An uplink of another datapath. `id` is that of the placement of its interface. */
export interface RemoteUplink {
  readonly id: number;
  readonly domain_id: number;
  readonly datapath_id: number;
}

/** A broadcast domain with an uplink on another datapath. `id` is the domain's. */
export interface Edge {
  readonly id: number;
  /** The datapath that stands for the domain towards the stations outside: of those with an uplink there, the first. */
  readonly datapath_id: number;
}

/** Another datapath with members of a broadcast domain. `id` stands for both. */
export interface FloodPeer {
  readonly id: number;
  readonly domain_id: number;
  readonly datapath_id: number;
}

/** What only this switch has. The rest comes from the manager. */
export interface LocalRows {
  port: Port;
  binding: Binding;
  uplink: Uplink;
  network_domain: NetworkDomain;
  open_domain: OpenDomain;
  attachment: Attachment;
  member: Member;
  flood_part: FloodPart;
  station: Station;
  resolved: Resolved;
  heard: Heard;
  filtering: Filtering;
  rule_set: RuleSets;
  tunnel: Tunnel;
  peer: Peer;
  remote_uplink: RemoteUplink;
  edge: Edge;
  remote_member: RemoteMember;
  flood_peer: FloodPeer;
}

export type ModelRows = { [K in Kind]: AgentRow<K> };
export type Rows = ModelRows & LocalRows;
export type RelationName = keyof Rows;

export type RelationsOf<T> = { readonly [N in keyof T]: Relation<T[N] & Identified> };

/** The part of the model that the manager sends, empty. References and names can be looked up. */
export function modelRelations(): RelationsOf<ModelRows> {
  const made = kinds.map((kind) => {
    const indexed = fieldsOf(resourceOf(kind)).filter(([, field]) => field.type === 'reference' || field.indexed);
    return [
      kind,
      new Relation(
        kind,
        indexed.map(([name, field]) => columnOf(name, field)),
      ),
    ];
  });
  return Object.fromEntries(made) as RelationsOf<ModelRows>;
}

export type Relations = RelationsOf<Rows>;
export type ModelRelations = RelationsOf<ModelRows>;

/** What an item may look at: everything that `reader` reads here, it is told of when it changes. */
export class View {
  /** Id of the datapath that the flows are for. */
  readonly datapathId: number;
  reader: Reader | undefined;
  readonly #relations: Relations;

  constructor(datapathId: number, relations: Relations) {
    this.datapathId = datapathId;
    this.#relations = relations;
  }

  get<N extends RelationName>(name: N, id: number): Rows[N] | undefined {
    return (this.#relations[name] as unknown as Relation<Rows[N] & Identified>).get(id, this.reader);
  }

  where<N extends RelationName>(name: N, column: keyof Rows[N] & string, value: Key): readonly Rows[N][] {
    return (this.#relations[name] as unknown as Relation<Rows[N] & Identified>).where(column, value, this.reader);
  }
}
