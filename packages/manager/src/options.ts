import { homedir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';

export interface Listen {
  readonly host: string;
  readonly port: number;
}

/** The settings of the manager, for `readSettings`. */
export const managerOptions = {
  listen: {
    doc: 'address and port at which to serve the API and the feed to agents',
    placeholder: 'HOST:PORT',
    schema: z.string().transform(readListen).prefault('127.0.0.1:9090'),
  },
  store: {
    doc: 'file of the store, which is made where there is none, or "memory"',
    placeholder: 'PATH',
    schema: z.string().min(1).default(join(stateDirectory(), 'store.db')),
  },
  logLevel: {
    doc: 'how much to log',
    placeholder: 'LEVEL',
    schema: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  },
};

/** Where programs of this user keep what must outlive them. */
export function stateDirectory(env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (process.getuid?.() === 0) return '/var/lib/openvnet';
  return join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'openvnet');
}

function readListen(text: string, context: z.RefinementCtx): Listen {
  const found = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(found?.[3]);
  if (found && port <= 65535) return { host: found[1] ?? (found[2] || '0.0.0.0'), port };
  context.addIssue({ code: 'custom', message: 'expected an address and a port, such as 127.0.0.1:9090' });
  return z.NEVER;
}
