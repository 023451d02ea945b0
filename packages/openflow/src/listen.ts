import { createServer, type Socket } from 'node:net';
import type { ConnectionOptions, SwitchConnection } from './connection.ts';
import { greet } from './handshake.ts';

export interface ListenOptions extends ConnectionOptions {
  /** A peer that did not become a connection: it spoke another version, say. */
  readonly onRefused?: (peer: string, reason: Error) => void;
}

/** Waits for switches until it is disposed of, which ends their connections too. */
export interface Listener extends AsyncDisposable {
  readonly address: { readonly host: string; readonly port: number };
}

/** Listens for switches that dial, and hands each to `onSwitch` once it has greeted. Port 0 is any free one. */
export async function listen(
  address: { readonly host: string; readonly port: number },
  onSwitch: (connection: SwitchConnection) => void,
  options: ListenOptions = {},
): Promise<Listener> {
  const sockets = new Set<Socket>();
  const accept = async (socket: Socket): Promise<void> => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const peer = `tcp:${socket.remoteAddress}:${socket.remotePort}`;
    try {
      onSwitch(await greet(socket, peer, options));
    } catch (error) {
      options.onRefused?.(peer, error as Error);
      socket.destroySoon();
    }
  };
  const server = createServer({ noDelay: true }, (socket) => void accept(socket));
  await new Promise<void>((resolve, reject) => {
    // It stays: an error later, such as too many open files, is no reason to end.
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
