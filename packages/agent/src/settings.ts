import { isIP } from 'node:net';
import { join } from 'node:path';
import { nodeName } from '@openvnet/model';
import { hostPort, logLevel, matching, path, stateDirectory, UnexpectedError, webAddress } from '@openvnet/settings';
import { defaultNodeId } from './feed/machine.ts';

/** The settings of the agent, for `readSettings`. */
export const agentSettings = {
  manager: {
    doc: 'address of the manager',
    placeholder: 'URL',
    read: webAddress('expected a URL such as http://127.0.0.1:9090'),
    default: 'http://127.0.0.1:9090',
  },
  openflow: {
    doc: 'address and port to which switches may connect',
    placeholder: 'HOST:PORT',
    read: hostPort,
    default: '127.0.0.1:6633',
  },
  ovsdb: {
    doc: "database of this host's Open vSwitch",
    placeholder: 'unix:PATH',
    read: matching(/^(unix:.+|tcp:.+:\d+)$/, 'expected unix:PATH or tcp:HOST:PORT'),
    default: 'unix:/var/run/openvswitch/db.sock',
  },
  state: {
    doc: "directory for the agent's files",
    placeholder: 'DIR',
    read: path,
    default: join(stateDirectory(), 'agent'),
  },
  tunnelAddress: {
    doc: 'address of this host to which other hosts send; if empty, the address from which it reaches the manager',
    placeholder: 'ADDRESS',
    read: tunnelAddress,
    default: '',
  },
  logLevel,
  nodeId: {
    doc: 'name of this host, different from that of every other host',
    placeholder: 'ID',
    read: matching(nodeName.pattern, nodeName.expected),
    default: defaultNodeId(),
  },
};

function tunnelAddress(text: string): string | undefined {
  if (text === '') return undefined;
  if (isIP(text) === 0) throw new UnexpectedError('expected an IPv4 or IPv6 address');
  return text;
}
