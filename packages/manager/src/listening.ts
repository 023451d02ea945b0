import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { BlockList, createServer, type Server } from 'node:net';
import type { Listen } from '@openvnet/settings';

/** The manager cannot serve where it should; the message is a sentence. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/**
 * What to tell operators about an address at which to serve; nothing about loopback. Throws `ListenError` for another one unless
 * `insecure`: whoever reaches it can read and erase everything.
 */
export async function exposure({ host, port }: Listen, insecure: boolean): Promise<string[]> {
  const addresses = await lookup(host, { all: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new ListenError(
      `Cannot serve at ${host}:${port}: ${host} is not an address of this machine (${cause.code}).`,
      {
        cause,
      },
    );
  });
  if (addresses.every(({ address, family }) => loopback.check(address, family === 6 ? 'ipv6' : 'ipv4'))) return [];
  const danger = 'whoever can reach it can change everything and pose as an agent';
  if (insecure) return [`serves ${host}:${port} without protection (--insecure): ${danger}; see docs/security.md`];
  throw new ListenError(
    `Cannot serve at ${host}:${port}: it is not a loopback address, and ${danger}. Use: vnmgr --listen 127.0.0.1:${port}, or add --insecure if the network itself keeps strangers out.`,
  );
}

/** Gives connections to a further address to a server, until disposed of. Throws `ListenError`. */
export async function serveAlso(server: Server, listen: Listen): Promise<AsyncDisposable> {
  const further = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => server.emit('connection', socket));
  further.listen(listen);
  await once(further, 'listening').catch((cause: NodeJS.ErrnoException) => {
    throw new ListenError(complaint(listen, cause), { cause });
  });
  further.on('error', (error) => server.emit('error', error));
  return {
    async [Symbol.asyncDispose]() {
      // It is over when its connections are, which the server ends.
      further.close();
    },
  };
}

/** Why the address cannot be served, in a sentence. */
export function complaint({ host, port }: Listen, { code, message }: NodeJS.ErrnoException): string {
  const where = `${host}:${port}`;
  if (code === 'EADDRINUSE') return `Cannot serve at ${where}: another program listens there already.`;
  if (code === 'EACCES') return `Cannot serve at ${where}: ports below 1024 require root.`;
  if (code === 'EADDRNOTAVAIL') return `Cannot serve at ${where}: this machine has no such address.`;
  return `Cannot serve at ${where}: ${message}.`;
}
