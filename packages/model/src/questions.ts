/** What a manager asks agents about the insides of their switches; `inside.ts` has what the answers become. */

import type { Encapsulation } from './resources/datapath.ts';

export interface FlowsQuestion {
  readonly about: 'flows';
  readonly object?: { readonly kind: string; readonly id: number };
  readonly table?: string;
  readonly datapath_id?: number;
}

export const traceProtocols = ['icmp', 'tcp', 'udp'] as const;

export interface TraceQuestion {
  readonly about: 'trace';
  /** The interface that sends. */
  readonly interface_id: number;
  /** The address that it sends from, IPv4 in host order; where none is given, one that suits `to`. */
  readonly sender?: number;
  /** IPv4 address, in host order. */
  readonly to: number;
  readonly protocol: (typeof traceProtocols)[number];
  /** Destination port of TCP and UDP. */
  readonly port: number;
  /** Bytes of the IP packet. */
  readonly size: number;
  /** Whether routers may not fragment it. RFC 791, 3.1. */
  readonly dont_fragment: boolean;
  /** Whether the reply is traced too, where the packet stays on the host; one that leaves is for the manager to follow. */
  readonly both: boolean;
  /** It is the reply to a packet that came from another host. */
  readonly reply?: true;
  readonly live: boolean;
}

/** What becomes of a packet that another host has sent through a tunnel. */
export interface ArrivalQuestion {
  readonly about: 'arrival';
  readonly datapath_id: number;
  readonly encapsulation: Encapsulation;
  /** The tunnel address of the sender's host. */
  readonly from: string;
  readonly packet: SentPacket;
  readonly live: boolean;
}

/**
 * Whether the underlay carries frames from one host to another: `probe` sends one to `peer_id`, which delivers it to nobody, and
 * `heard` tells how many have come from `peer_id`.
 */
export interface TunnelQuestion {
  readonly about: 'probe' | 'heard';
  readonly datapath_id: number;
  readonly peer_id: number;
}

/** Fields of a packet and its size in bytes, as decimal numbers: some are larger than JSON can say. */
export type SentPacket = Readonly<Record<string, string>>;
