import { join } from 'node:path';
import { isUuid } from '@openvnet/model';
import { hostPort, logLevel, stateDirectory } from '@openvnet/model/config';
import * as z from 'zod';

/** The settings of the manager, for `readSettings`. */
export const managerOptions = {
  listen: {
    doc: 'address and port at which to serve the API and the feed to agents',
    placeholder: 'HOST:PORT',
    schema: hostPort,
    default: '127.0.0.1:9090',
  },
  store: {
    doc: 'file of the store, which is made where there is none, or "memory"',
    placeholder: 'PATH',
    schema: z.string().min(1),
    default: join(stateDirectory(), 'store.db'),
  },
  datapathMacGroup: {
    doc: 'MAC range group from which relations of datapaths, and route links, get addresses; a fixed range where empty',
    placeholder: 'UUID',
    schema: z
      .string()
      .refine((text) => text === '' || isUuid('mrg', text), 'expected mrg- and 1 to 16 of a-z and 0-9')
      .transform((text) => text || undefined),
    default: '',
  },
  logLevel,
};
