import type { SwitchConnection } from '@openvnet/openflow';
import type { BridgeState } from '@openvnet/ovsdb';

/** A connection whose peer claims a datapath id. */
export interface Claim {
  readonly connection: SwitchConnection;
  /** Whether the agent dialled the management socket of the bridge, or the peer connected; any program can connect. */
  readonly way: 'dialled' | 'accepted';
  /** Time of the connection (`performance.now`, ms). */
  readonly at: number;
}

/** The address at which switches may connect. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The part of a bridge's state that lists its connections. */
export type Made = Pick<BridgeState, 'connectedControllers'>;

/** The facts against which a claim is checked. */
export interface Evidence {
  readonly bridge: Made | undefined;
  /** The address of this agent at which switches may connect. */
  readonly address: Address;
  /**
   * When a connection of the bridge was last lost; -Infinity for never. The bridge may have ended then, while the database
   * still shows it as connected, so connections from before that time are not trusted.
   */
  readonly lostAt: number;
  /** The connection in use. */
  readonly current: SwitchConnection | undefined;
}

/** Open vSwitch reports the age of a connection in whole seconds; the rest allows for a busy machine. */
const toleranceMs = 2500;
/** Open vSwitch updates the state of its connections every 5 s; only after this time is a missing one suspicious. */
export const silenceMs = 7500;
const wildcards = ['0.0.0.0', '::'];
const defaultPort = 6653;

/**
 * The connection to use for a bridge: the one dialled at its management socket, otherwise the one that Open vSwitch
 * reports, if it can be distinguished from others. `current` is kept if it is valid. A program that merely claims to be
 * the bridge is never used.
 */
export function chosenOf(claims: readonly Claim[], evidence: Evidence): SwitchConnection | undefined {
  const { current } = evidence;
  const [dialled] = preferring(
    current,
    claims.filter(({ way }) => way === 'dialled'),
  );
  if (dialled) return dialled.connection;
  if (claims.some(({ connection }) => connection === current)) return current;
  const made = claims.filter((claim) => isMade(claim, evidence));
  return made.length === 1 ? made[0]!.connection : undefined;
}

/** The ignored claims, each with the reason in words; `name` is the name of the bridge. */
export function ignoredOf(claims: readonly Claim[], name: string, evidence: Evidence): string[] {
  const { current: used } = evidence;
  const now = performance.now();
  const made = claims.filter((claim) => isMade(claim, evidence));
  return claims.flatMap((claim) => {
    const { connection, way, at } = claim;
    if (connection === used || way === 'dialled') return [];
    const port = /:(\d+)$/.exec(connection.peer)?.[1];
    const find = `Find the program. Use: ss -tnp 'sport = :${port}'`;
    if (!made.includes(claim)) {
      if (now - at < silenceMs - 50) return [];
      return [
        `${connection.peer} claims to be ${name}, but Open vSwitch reports no such connection, so it is ignored. ${find}`,
      ];
    }
    if (used || made.length < 2) return [];
    return [`several programs claim to be ${name}, ${connection.peer} among them; none is used. ${find}`];
  });
}

function isMade({ way, at }: Claim, { bridge, address, lostAt }: Evidence): boolean {
  if (way !== 'accepted' || at < lostAt) return false;
  const made = bridge?.connectedControllers ?? [];
  return made.some((each) => leadsTo(each.target, address) && Math.abs(each.at - at) < toleranceMs);
}

/** Whether the target of a controller is the address of this agent. */
function leadsTo(target: string, { host, port }: Address): boolean {
  const parts = /^tcp:(?<host>\[[^\]]+\]|[^:]+)(?::(?<port>\d+))?$/.exec(target)?.groups;
  if (!parts || Number(parts.port ?? defaultPort) !== port) return false;
  return wildcards.includes(host) || parts.host!.replace(/^\[|\]$/g, '') === host;
}

function preferring(current: SwitchConnection | undefined, claims: readonly Claim[]): readonly Claim[] {
  const held = claims.filter(({ connection }) => connection === current);
  return held.length > 0 ? held : claims;
}
