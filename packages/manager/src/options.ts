import { join } from 'node:path';
import { isUuid } from '@openvnet/model';
import {
  hostPorts,
  listOf,
  logLevel,
  matching,
  path,
  stateDirectory,
  truth,
  UnexpectedError,
  webAddress,
} from '@openvnet/settings';

const hostName = matching(/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/, 'expected host names such as manager.example');
const origin = webAddress('expected origins such as https://console.example:8443');

/** The settings of the manager, for `readSettings`. */
export const managerOptions = {
  listen: {
    doc: 'addresses and ports for the API and the feed to agents',
    placeholder: 'HOST:PORT,...',
    list: true,
    read: hostPorts,
    default: '127.0.0.1:9090',
  },
  insecure: {
    doc: 'serve an address other than loopback, where nothing protects the API and the feed',
    read: truth,
    default: 'false',
  },
  allowHost: {
    doc: 'names of this host that requests may use, besides localhost and IP addresses',
    placeholder: 'NAME,...',
    list: true,
    read: listOf((text) => hostName(text.toLowerCase())),
    default: '',
  },
  corsOrigin: {
    doc: 'origins of web pages that may use the API',
    placeholder: 'ORIGIN,...',
    list: true,
    read: listOf((text) => new URL(origin(text)).origin),
    default: '',
  },
  store: {
    doc: 'file of the store, created if it does not exist, or "memory"',
    placeholder: 'PATH',
    read: path,
    default: join(stateDirectory(), 'store.db'),
  },
  newStore: {
    doc: 'let agents with flows of another store follow this one at once; flows of objects that it lacks are deleted',
    read: truth,
    default: 'false',
  },
  datapathMacGroup: {
    doc: 'MAC range group for addresses of route links and of relations of datapaths; a fixed range if empty',
    placeholder: 'UUID',
    read: macGroup,
    default: '',
  },
  logLevel,
};

function macGroup(text: string): string | undefined {
  if (text === '' || isUuid('mrg', text)) return text || undefined;
  throw new UnexpectedError('expected mrg- and 1 to 63 of a-z, 0-9 and -');
}
