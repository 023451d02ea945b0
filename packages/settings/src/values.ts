/** Kinds of values that settings of several programs have. */
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

/** One or more of `hostPort`, between commas. */
export const hostPorts = listOf(hostPort).refine((all) => all.length > 0, 'expected at least one address and port');

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
