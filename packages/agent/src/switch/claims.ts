import type { SwitchConnection } from '@openvnet/openflow';
import type { BridgeState } from '@openvnet/ovsdb';

/** A connection whose other end says that it is the switch with some datapath id. */
export interface Claim {
  readonly connection: SwitchConnection;
  /** Dialled at the bridge's management socket, or come by itself: anybody can come. */
  readonly way: 'dialled' | 'accepted';
  /** When it was made, in milliseconds of `performance.now`. */
  readonly at: number;
}

/** Where switches may connect by themselves. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The part of a bridge's state that says which connections it has made. */
export type Made = Pick<BridgeState, 'connectedControllers'>;

/** What a claim is held against. */
export interface Evidence {
  readonly bridge: Made | undefined;
  /** Where switches may connect here. */
  readonly address: Address;
  /**
   * When a connection of the bridge was last lost; -Infinity for never. The bridge may have ended then, while the database
   * goes on saying that it is connected: what came before cannot be what it has made since.
   */
  readonly lostAt: number;
  /** The connection in use. */
  readonly current: SwitchConnection | undefined;
}

/** Open vSwitch says in whole seconds how long a connection has been there; the rest is for a machine that is busy. */
const toleranceMs = 2500;
/** Open vSwitch says every 5 s which of its connections there are; so much later something can be held against one. */
export const silenceMs = 7500;
const wildcards = ['0.0.0.0', '::'];
const defaultPort = 6653;

/**
 * The connection to use of a bridge: the one that was dialled at its management socket; or else the one that Open vSwitch
 * says it has made, if it can be told from others. `current` stays where it may. A program that only says it is the
 * bridge is never used.
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

/** The claims that are ignored, each with what is wrong with it, in words; `name` is the bridge's. */
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
        `${connection.peer} says that it is ${name}, but Open vSwitch has made no such connection: it is ignored. ${find}`,
      ];
    }
    if (used || made.length < 2) return [];
    return [`several programs say that they are ${name}, ${connection.peer} among them: none is used. ${find}`];
  });
}

function isMade({ way, at }: Claim, { bridge, address, lostAt }: Evidence): boolean {
  if (way !== 'accepted' || at < lostAt) return false;
  const made = bridge?.connectedControllers ?? [];
  return made.some((each) => leadsTo(each.target, address) && Math.abs(each.at - at) < toleranceMs);
}

/** Whether a controller's target is where switches may connect here. */
function leadsTo(target: string, { host, port }: Address): boolean {
  const parts = /^tcp:(?<host>\[[^\]]+\]|[^:]+)(?::(?<port>\d+))?$/.exec(target)?.groups;
  if (!parts || Number(parts.port ?? defaultPort) !== port) return false;
  return wildcards.includes(host) || parts.host!.replace(/^\[|\]$/g, '') === host;
}

function preferring(current: SwitchConnection | undefined, claims: readonly Claim[]): readonly Claim[] {
  const held = claims.filter(({ connection }) => connection === current);
  return held.length > 0 ? held : claims;
}
