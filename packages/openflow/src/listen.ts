import { createServer, type Socket } from 'node:net';
import type { ConnectionOptions, SwitchConnection } from './connection.ts';
import { ConnectionError } from './errors.ts';
import { greet } from './handshake.ts';

/** Most connections at once; a host has some bridges, each with one. */
const usualConnections = 256;

export interface ListenOptions extends ConnectionOptions {
  /** Most connections at once. For one more, the oldest that has not finished its handshake is closed, or the new one. */
  readonly connections?: number;
  /** Called for a peer whose handshake failed, for example because it speaks another version. */
  readonly onRefused?: (peer: string, reason: Error) => void;
}

/** Accepts switches until it is disposed, which also ends their connections. */
export interface Listener extends AsyncDisposable {
  readonly address: { readonly host: string; readonly port: number };
}

/** Listens for switches, and passes each to `onSwitch` after its handshake. Port 0 means any free port. */
export async function listen(
  address: { readonly host: string; readonly port: number },
  onSwitch: (connection: SwitchConnection) => void,
  options: ListenOptions = {},
): Promise<Listener> {
  const { connections = usualConnections } = options;
  const sockets = new Set<Socket>();
  /** Sockets whose handshake is not finished, the oldest first. */
  const greeting = new Set<Socket>();
  const accept = async (socket: Socket): Promise<void> => {
    const peer = `tcp:${socket.remoteAddress}:${socket.remotePort}`;
    if (sockets.size >= connections) {
      const [oldest = socket] = greeting;
      oldest.destroy();
      sockets.delete(oldest);
      greeting.delete(oldest);
      if (oldest === socket)
        return options.onRefused?.(peer, new ConnectionError(`${connections} switches are connected`));
    }
    sockets.add(socket);
    greeting.add(socket);
    socket.on('close', () => {
      sockets.delete(socket);
      greeting.delete(socket);
    });
    try {
      const connection = await greet(socket, peer, options);
      greeting.delete(socket);
      onSwitch(connection);
    } catch (error) {
      options.onRefused?.(peer, error as Error);
      socket.destroySoon();
    }
  };
  const server = createServer({ noDelay: true }, (socket) => void accept(socket));
  await new Promise<void>((resolve, reject) => {
    // The handler stays: a later error, such as too many open files, must not end the program.
    server.on('error', reject);
    server.listen(address.port, address.host, resolve);
  });
  const bound = server.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : address.port;
  return {
    address: { host: address.host, port },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroySoon();
      }),
  };
}
