import { join } from 'node:path';
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
  logLevel,
};
