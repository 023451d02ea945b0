import { connect, type NetConnectOpts } from 'node:net';
import type { ConnectionOptions, SwitchConnection } from './connection.ts';
import { ConnectionError } from './errors.ts';
import { greet } from './handshake.ts';

export interface DialOptions extends ConnectionOptions {
  readonly signal?: AbortSignal;
}

/** Connects to a switch that listens at `target`, `unix:PATH` or `tcp:HOST:PORT`; throws `ConnectionError`. */
export async function dial(target: string, options: DialOptions = {}): Promise<SwitchConnection> {
  options.signal?.throwIfAborted();
  const socket = connect({ ...addressOf(target), noDelay: true });
  return greet(socket, target, options);
}

export interface KeepDialingOptions extends ConnectionOptions {
  /** Ends the dialing and the connection. */
  readonly signal: AbortSignal;
  readonly onSwitch: (connection: SwitchConnection) => void;
  /** Called for a failed attempt and for the end of a connection. */
  readonly onDown?: (reason: Error) => void;
}

const firstPauseMs = 50;
const longestPauseMs = 1000;

/** Keeps a connection to `target` until `signal`. Retries after 50 ms, then less often, up to once per second. */
export async function keepDialing(target: string, options: KeepDialingOptions): Promise<void> {
  const { signal, onSwitch, onDown = () => {} } = options;
  let pauseMs = firstPauseMs;
  while (!signal.aborted) {
    try {
      const connection = await dial(target, options);
      pauseMs = firstPauseMs;
      onDown(await held(connection, signal, onSwitch));
    } catch (error) {
      onDown(error instanceof Error ? error : new Error(String(error)));
    }
    await pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
}

/** Passes the connection on, and returns the reason for its end. */
async function held(
  connection: SwitchConnection,
  signal: AbortSignal,
  onSwitch: (connection: SwitchConnection) => void,
): Promise<Error> {
  let reason: Error | undefined;
  connection.on('close', (why) => {
    reason = why;
  });
  const close = (): void => void connection.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    if (signal.aborted) close();
    else onSwitch(connection);
    await connection.closed;
  } finally {
    signal.removeEventListener('abort', close);
    await connection.close();
  }
  return reason ?? new ConnectionError(`connection to ${connection.peer} closed by this program`);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}

function addressOf(target: string): NetConnectOpts {
  if (target.startsWith('unix:')) return { path: target.slice('unix:'.length) };
  const tcp = /^tcp:(?:\[(?<six>[^\]]+)\]|(?<host>[^:]+)):(?<port>\d+)$/.exec(target)?.groups;
  if (tcp === undefined) throw new ConnectionError(`${target} is neither unix:PATH nor tcp:HOST:PORT`);
  return { host: (tcp.six ?? tcp.host)!, port: Number(tcp.port) };
}
