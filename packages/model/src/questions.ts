/** What a manager asks agents about the insides of their switches; `inside.ts` has what the answers become. */

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
  /** IPv4 address, in host order. */
  readonly to: number;
  readonly protocol: (typeof traceProtocols)[number];
  /** Destination port of TCP and UDP. */
  readonly port: number;
  /** Bytes of the IP packet. */
  readonly size: number;
  /** Whether routers may not fragment it. RFC 791, 3.1. */
  readonly dont_fragment: boolean;
  readonly both: boolean;
  readonly live: boolean;
}
