import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Options } from '@openvnet/model/config';
import * as z from 'zod';

/** `host:port`; the host may be left out. */
const address = z.string().transform((text, context) => {
  const found = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(found?.[3]);
  if (!found || port > 65_535) {
    context.issues.push({ code: 'custom', input: text, message: 'expected HOST:PORT, such as 127.0.0.1:6633' });
    return z.NEVER;
  }
  return { host: found[1] ?? found[2] ?? '', port };
});

const stateHome =
  process.getuid?.() === 0 ? '/var/lib' : (process.env.XDG_STATE_HOME ?? join(process.env.HOME ?? '.', '.local/state'));

/** The settings of the agent. */
export const agentSettings = {
  manager: {
    doc: 'where the manager is',
    placeholder: 'URL',
    schema: z
      .url({ protocol: /^https?$/, error: 'expected a URL such as http://127.0.0.1:9090' })
      .default('http://127.0.0.1:9090'),
  },
  openflow: {
    doc: 'where switches may connect of themselves',
    placeholder: 'HOST:PORT',
    schema: z.string().default('127.0.0.1:6633').pipe(address),
  },
  ovsdb: {
    doc: "the database of this host's Open vSwitch",
    placeholder: 'unix:PATH',
    schema: z
      .string()
      .regex(/^(unix:.+|tcp:.+:\d+)$/, 'expected unix:PATH or tcp:HOST:PORT')
      .default('unix:/var/run/openvswitch/db.sock'),
  },
  state: {
    doc: "directory of the agent's own files",
    placeholder: 'DIR',
    schema: z.string().default(join(stateHome, 'openvnet', 'agent')),
  },
  logLevel: {
    doc: 'how much is logged',
    placeholder: 'LEVEL',
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  },
  nodeId: { doc: 'name of this host', placeholder: 'ID', schema: z.string().min(1).max(255).default(hostname()) },
} as const satisfies Options;
