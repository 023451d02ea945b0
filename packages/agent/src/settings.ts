import { join } from 'node:path';
import { nodeName } from '@openvnet/model';
import { hostPort, logLevel, matching, path, stateDirectory, webAddress } from '@openvnet/settings';
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
  logLevel,
  nodeId: {
    doc: 'name of this host, different from that of every other host',
    placeholder: 'ID',
    read: matching(nodeName.pattern, nodeName.expected),
    default: defaultNodeId(),
  },
};
