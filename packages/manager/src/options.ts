import { join } from 'node:path';
import { isUuid } from '@openvnet/model';
import { hostPorts, listOf, logLevel, stateDirectory } from '@openvnet/settings';
import * as z from 'zod';

/** The settings of the manager, for `readSettings`. */
export const managerOptions = {
  listen: {
    doc: 'addresses and ports for the API and the feed to agents',
    placeholder: 'HOST:PORT,...',
    list: true,
    schema: hostPorts,
    default: '127.0.0.1:9090',
  },
  insecure: {
    doc: 'serve an address other than loopback, where nothing protects the API and the feed',
    schema: z.stringbool('expected true or false'),
    default: 'false',
  },
  allowHost: {
    doc: 'names of this host that requests may use, besides localhost and IP addresses',
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
    doc: 'origins of web pages that may use the API',
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
    doc: 'file of the store, created if it does not exist, or "memory"',
    placeholder: 'PATH',
    schema: z.string().min(1),
    default: join(stateDirectory(), 'store.db'),
  },
  newStore: {
    doc: 'let agents with flows of another store follow this one at once; flows of objects that it lacks are deleted',
    schema: z.stringbool('expected true or false'),
    default: 'false',
  },
  datapathMacGroup: {
    doc: 'MAC range group for addresses of route links and of relations of datapaths; a fixed range if empty',
    placeholder: 'UUID',
    schema: z
      .string()
      .refine((text) => text === '' || isUuid('mrg', text), 'expected mrg- and 1 to 63 of a-z, 0-9 and -')
      .transform((text) => text || undefined),
    default: '',
  },
  logLevel,
};
