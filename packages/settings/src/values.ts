/** Kinds of values that settings of several programs use. */
import * as z from 'zod';

export interface Listen {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT`. Without a host it means every address. An IPv6 address is in brackets. */
export const hostPort = z.string().transform((text, context): Listen => {
  const found = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(found?.[3]);
  if (found && port <= 65_535) return { host: found[1] ?? (found[2] || '0.0.0.0'), port };
  context.addIssue({ code: 'custom', message: 'expected an address and a port, such as 127.0.0.1:9090' });
  return z.NEVER;
});

/** Texts separated by commas, each parsed by `one`; an empty list if nothing is given. */
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
