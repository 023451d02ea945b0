/** Settings that more than one program has, for `readSettings`. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';

export interface Listen {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT`, as text that is given; without a host every address is meant. An IPv6 address stands in brackets. */
export const hostPort = z.string().transform((text, context): Listen => {
  const found = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(found?.[3]);
  if (found && port <= 65_535) return { host: found[1] ?? (found[2] || '0.0.0.0'), port };
  context.addIssue({ code: 'custom', message: 'expected an address and a port, such as 127.0.0.1:9090' });
  return z.NEVER;
});

/** Texts between commas, each read by `one`; none where nothing is given. */
export function listOf<S extends z.ZodType<unknown, string>>(one: S) {
  return z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean),
    )
    .pipe(z.array(one));
}

export const logLevel = {
  doc: 'how much to log',
  placeholder: 'LEVEL',
  schema: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
  default: 'info',
};

/** Lines that could not be written yet are kept up to here, in characters. */
const keptLog = 1 << 20;

/**
 * Where programs log to: standard error. What cannot be written, as on a full disk, is tried again with the next line, and in
 * the end left out; it ends nothing. `destination` is that of pino.
 */
export function logDestination<D extends { on(event: 'error', listener: () => void): unknown }>(
  destination: (options: { fd: number; sync: boolean; maxLength: number }) => D,
): D {
  const stream = destination({ fd: 2, sync: true, maxLength: keptLog });
  stream.on('error', () => {});
  return stream;
}

/** Where programs of this user keep what must outlive them. */
export function stateDirectory(env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (process.getuid?.() === 0) return '/var/lib/openvnet';
  return join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'openvnet');
}
