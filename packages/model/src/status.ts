import type { PacketCounts, SelfCheckReport } from './from-agents.ts';

/** Whether an object is in effect, where, and what it waits for, in words. Part of the answer to `GET` of one object. */
export interface ObjectStatus {
  readonly realised: boolean;
  /** Where it is, one entry for each datapath. */
  readonly on: readonly {
    readonly datapath_uuid: string;
    readonly port_name: string | null;
    readonly port_number: number | null;
  }[];
  /** What keeps it from being realised, each a sentence; empty when it is. */
  readonly waits_for: readonly string[];
  /** What an operator would want to know besides: refused frames, a link that is down. */
  readonly notes: readonly string[];
}

/** The answer to `GET /status`. */
export interface SystemStatus {
  readonly manager: {
    readonly version: string;
    readonly pid: number;
    readonly store: string;
    readonly revision: number;
    readonly started_at: string;
    /** What operators should know of it: that nothing protects it. */
    readonly notes: readonly string[];
  };
  readonly agents: readonly {
    readonly node: string;
    readonly hostname: string;
    /** The address that it connects from. */
    readonly address: string;
    readonly pid: number;
    readonly version: string;
    readonly connected: boolean;
    /** When it connected, or went away. */
    readonly since: string;
    readonly revision: number | null;
    readonly problem: string | null;
    /** What operators should know of it: that another agent says its name. */
    readonly notes: readonly string[];
  }[];
  /** Packets that switches have handed to each agent since it was started, and what came of them. */
  readonly packets: readonly ({ readonly node: string } & PacketCounts)[];
  readonly datapaths: readonly {
    /** Null for a switch whose datapath id is not registered. */
    readonly uuid: string | null;
    readonly dpid: string;
    readonly bridge: string | null;
    readonly node: string | null;
    /** The address to which other hosts send; null if there is none. */
    readonly tunnel_address: string | null;
    readonly connection: string | null;
    readonly ports: number | null;
    readonly flows: number | null;
    readonly revision: number | null;
    /** The last time that all its flows were computed anew and compared; null before the first. */
    readonly self_check: SelfCheckReport | null;
    readonly notes: readonly string[];
    /** The command that would register it, where it is not. */
    readonly register: string | null;
  }[];
  /** Everything that is registered and not in effect, with what it waits for. */
  readonly unrealised: readonly { readonly uuid: string; readonly waits_for: readonly string[] }[];
  /** Interfaces whose guest sent frames with an address that is not its own. */
  readonly refused: readonly { readonly interface_uuid: string; readonly frames: number; readonly allowed: string }[];
}
