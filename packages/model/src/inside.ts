/**
 * What can be seen inside a switch: its flows and the way of a packet, in the words of the model. Agents say it over the
 * feed, the manager answers it, `vnctl` and the console show it.
 */
import type { SentPacket, traceProtocols } from './questions.ts';
import type { Encapsulation } from './resources/datapath.ts';
import type { ObjectStatus } from './status.ts';

/** A flow of a switch, as names: registers and fields by name, numbers of objects as their uuids. */
export interface ShownFlow {
  readonly datapath_uuid: string;
  readonly table: string;
  readonly priority: number;
  readonly match: Readonly<Record<string, string>>;
  readonly actions: readonly string[];
  /** The table at which it goes on. */
  readonly next: string | null;
  /** What put it there; `miss` where nothing else of the table matches, `unknown` where it is not of this agent. */
  readonly feature: string;
  /** The object that it is of, and the interface to which that belongs; null if it depends on no object. */
  readonly object_uuid: string | null;
  readonly interface_uuid: string | null;
  readonly packets: number;
  readonly bytes: number;
  readonly age_seconds: number;
}

/** The answer to `GET /flows`. */
export interface FlowsAnswer {
  readonly flows: readonly ShownFlow[];
  /** What the features that have flows here are for. */
  readonly features: Readonly<Record<string, string>>;
  /** What could not be read, in sentences. */
  readonly notes: readonly string[];
}

/** The answer to `GET /hosts`. */
export interface HostsAnswer {
  /** The newest revision of the store. */
  readonly revision: number;
  readonly hosts: readonly Host[];
}

/** A host, as its agent has reported it. */
export interface Host {
  readonly node: string;
  readonly hostname: string;
  /** `away`: its switches go on as they were. `problem`: `problems` says what is wrong. */
  readonly health: 'ok' | 'problem' | 'away';
  readonly version: string;
  /** When its agent connected, or went away. */
  readonly since: string;
  /** What all its switches have acknowledged, and how many revisions there are after it. */
  readonly revision: number | null;
  readonly behind: number | null;
  /** Null if the agent has not said it, or the host has none. */
  readonly tunnel_address: string | null;
  readonly underlay_mtu: number | null;
  readonly bridges: readonly {
    readonly bridge: string;
    readonly datapath_uuid: string | null;
    readonly dpid: string;
    readonly ports: number;
    readonly flows: number | null;
  }[];
  /** Interfaces at its ports. */
  readonly interfaces: number;
  readonly problems: readonly string[];
}

/** One flow that took a packet. */
export interface TraceStep {
  readonly table: string;
  readonly feature: string;
  readonly object_uuid: string | null;
  readonly interface_uuid: string | null;
  /** What it did, in words. */
  readonly says: string;
  readonly match: Readonly<Record<string, string>>;
  readonly actions: readonly string[];
}

/**
 * Why a packet does not arrive, in numbers of the model (addresses IPv4, in host order): an agent says it, and the manager,
 * which knows what else is registered, says what would mend it.
 */
export type TraceCause =
  | { readonly what: 'no_gateway'; readonly network_id: number; readonly to: number }
  | { readonly what: 'no_router'; readonly interface_id: number; readonly from: number }
  | { readonly what: 'no_route'; readonly route_link_id: number; readonly to: number }
  | { readonly what: 'unknown_address'; readonly network_id: number; readonly address: number }
  | { readonly what: 'silent_station'; readonly network_id: number; readonly address: number }
  | {
      readonly what: 'untranslated';
      readonly interface_id: number;
      readonly address: number;
      /** The logical router that the packet is of; 0 where it has come to none yet. */
      readonly route_link_id: number;
    }
  | {
      readonly what: 'too_large';
      readonly network_id: number;
      readonly size: number;
      /** The largest size that passes. */
      readonly mtu: number;
      /** The other host, if the tunnel to it limits the size, and not the network. */
      readonly datapath_id: number | null;
    }
  | {
      readonly what: 'filtered';
      readonly interface_id: number;
      readonly direction: 'egress' | 'ingress';
      readonly protocol: (typeof traceProtocols)[number];
      /** The other side's address, and the port of TCP or UDP to which the packet goes. */
      readonly peer: number;
      readonly port: number;
    };

/** One packet on its way over one host: the question for an address, the packet itself, or the reply. */
export interface TraceLeg {
  readonly title: string;
  /** The host: its datapath, and the node whose agent has said it. */
  readonly datapath_uuid: string | null;
  readonly node: string | null;
  readonly packet: Readonly<Record<string, string>>;
  readonly steps: readonly TraceStep[];
  readonly arrived: boolean;
  /** Where it ended, in words. */
  readonly verdict: string;
  /** The object on which it depends that the packet did not arrive. */
  readonly blocked_by: string | null;
  readonly cause: TraceCause | null;
  /** What the switch itself says of the packet, where it was asked. */
  readonly live: string | null;
}

/** The answer to `GET /trace`. */
export interface TraceAnswer {
  /** Where it ends. */
  readonly datapath_uuid: string | null;
  readonly delivered: boolean;
  /** Nobody could follow the packet, though its sender is at a switch: it may arrive all the same. */
  readonly untraced?: true;
  readonly verdict: string;
  readonly legs: readonly TraceLeg[];
  /** What the flows do not know and keeps the packet from arriving: a link that is down, a switch without a connection. */
  readonly against: readonly string[];
  readonly notes: readonly string[];
}

/** A copy of a packet that leaves for another host. */
export interface TraceOnward {
  readonly datapath_id: number;
  readonly encapsulation: Encapsulation;
  /** Tunnel addresses of the two hosts. */
  readonly from: string;
  readonly to: string;
  readonly packet: SentPacket;
}

/** What an agent says of the way of a packet over its host. */
export interface HostTrace extends Omit<TraceAnswer, 'untraced'> {
  /** Where it goes on; the manager asks there. */
  readonly onward: readonly TraceOnward[];
  /** Nothing of it stays here: what becomes of it is only known where it goes on. */
  readonly leaves: boolean;
  /** The guest that gets it, and the address that it would reply from and to. */
  readonly receiver: { readonly interface_id: number; readonly ip: number; readonly sender: number } | null;
}

/** What is said of a packet that arrives, and of its reply. */
export function withReply(there: string, back: { readonly arrived: boolean; readonly text: string }): string {
  return back.arrived ? `${there}, and the reply comes back` : `${there}, but not the reply: ${back.text}`;
}

/** Another object, as seen from one: by which parameter they are related. */
export interface Related {
  readonly kind: string;
  /** Its uuid; of an object without one, its own fields in words. */
  readonly name: string;
  readonly parameter: string;
}

/** The answer to `GET /explain`. */
export interface ExplainAnswer {
  readonly uuid: string;
  readonly kind: string;
  readonly doc: string;
  readonly fields: readonly { readonly name: string; readonly value: string; readonly doc: string }[];
  readonly part_of: readonly Related[];
  readonly referred_to_by: readonly Related[];
  readonly status: ObjectStatus;
  /** What else there is to say of it, in sentences: of a datapath its tunnels, say. */
  readonly details: readonly string[];
  /** Its flows, by feature. */
  readonly flows: readonly {
    readonly feature: string;
    readonly doc: string;
    readonly flows: number;
    readonly packets: number;
  }[];
  readonly notes: readonly string[];
}

/** A whole topology: objects by resource, with the parameters of the API; what hangs below an object stands inside it. */
export type Topology = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

/** One difference between a topology and what is registered. */
export interface TopologyChange {
  /** `replace`: deleted and made again, as a field of it, or of what it refers to, cannot be changed. */
  readonly action: 'add' | 'change' | 'remove' | 'replace';
  /** Resource and uuid: `networks nw-net1`; `networks of dp-br0: nw-net1` for what hangs below another object. */
  readonly object: string;
  readonly fields: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;
}

/** The answer to `POST /apply`. */
export interface Applied {
  /** False if it was a dry run. */
  readonly applied: boolean;
  readonly changes: readonly TopologyChange[];
}

/** A network of a router. */
export interface RouterNetwork {
  readonly network_uuid: string;
  /** Its gateway, with its address there. */
  readonly interface_uuid: string;
  readonly ipv4_address: string | null;
  readonly mac_address: string | null;
  readonly route_uuid: string;
}

/** The answer to `POST /routers`. */
export interface RouterAnswer {
  /** The route link. */
  readonly uuid: string;
  readonly networks: readonly RouterNetwork[];
  /** Uuids of what was made; the rest existed. */
  readonly made: readonly string[];
}

/** The answer to `DELETE` of one object with `dry_run`: what would go with it. */
export interface RemovalAnswer {
  readonly uuid: string;
  readonly removes: readonly {
    readonly kind: string;
    readonly uuid: string | null;
    /** It belongs to the object alone, such as the leases of an interface. */
    readonly part: boolean;
    /** Its values, in words. */
    readonly says: string;
  }[];
  /** How many there are besides. */
  readonly more: number;
}
