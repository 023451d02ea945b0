import { join } from 'node:path';
import { isUuid } from '@openvnet/model';
import { hostPort, listOf, logLevel, stateDirectory } from '@openvnet/settings';
import * as z from 'zod';

/** The settings of the manager, for `readSettings`. */
export const managerOptions = {
  listen: {
    doc: 'address and port at which to serve the API and the feed to agents',
    placeholder: 'HOST:PORT',
    schema: hostPort,
    default: '127.0.0.1:9090',
  },
  insecure: {
    doc: 'serve an address other than loopback although nothing protects the API and the feed there',
    schema: z.stringbool('expected true or false'),
    default: 'false',
  },
  allowHost: {
    doc: 'host names, besides localhost and IP addresses, under which clients and agents may reach the manager',
    placeholder: 'NAME,...',
    list: true,
    schema: listOf(
      z
        .string()
        .toLowerCase()
        .regex(/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/, 'expected host names such as manager.example'),
    ),
    default: '',
  },
  corsOrigin: {
    doc: 'origins whose web pages may use the API',
    placeholder: 'ORIGIN,...',
    list: true,
    schema: listOf(
      z
        .url({ protocol: /^https?$/, error: 'expected origins such as https://console.example:8443' })
        .transform((text) => new URL(text).origin),
    ),
    default: '',
  },
  store: {
    doc: 'file of the store, which is made where there is none, or "memory"',
    placeholder: 'PATH',
    schema: z.string().min(1),
    default: join(stateDirectory(), 'store.db'),
  },
  newStore: {
    doc: 'agents that hold the flows of another store follow this one at once, which deletes what it lacks',
    schema: z.stringbool('expected true or false'),
    default: 'false',
  },
  datapathMacGroup: {
    doc: 'MAC range group from which relations of datapaths, and route links, get addresses; a fixed range where empty',
    placeholder: 'UUID',
    schema: z
      .string()
      .refine((text) => text === '' || isUuid('mrg', text), 'expected mrg- and 1 to 63 of a-z, 0-9 and -')
      .transform((text) => text || undefined),
    default: '',
  },
  logLevel,
};
