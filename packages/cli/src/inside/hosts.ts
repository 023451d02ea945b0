import { agoTextOf, type HostsAnswer } from '@openvnet/model';
import type { Context } from '../context.ts';
import { type Io, styled, table, write } from '../output.ts';

const columns = [
  'node',
  'health',
  'version',
  'revision',
  'behind',
  'bridges',
  'ports',
  'interfaces',
  'flows',
  'tunnel_address',
];

/** Lists the hosts, and below them what is wrong with each. */
export async function showHosts({ io, client, settings }: Context): Promise<void> {
  await write(io, settings.output, await client.hosts(), (shown) => hostsText(io, shown));
}

export async function hostsText(io: Io, { hosts }: HostsAnswer): Promise<string> {
  if (hosts.length === 0) return 'there are no hosts: no agent has connected to this manager';
  const rows = hosts.map((host) => ({
    ...host,
    health: host.health === 'away' ? `went away ${agoTextOf(host.since)}` : host.health,
    bridges: host.bridges
      .map(({ bridge, datapath_uuid }) => `${bridge} (${datapath_uuid ?? 'not registered'})`)
      .join(', '),
    ports: sum(host.bridges.map(({ ports }) => ports)),
    flows: sum(host.bridges.map(({ flows }) => flows ?? 0)),
  }));
  const problems = hosts.flatMap(({ node, problems }) => problems.map((one) => styled(io, 'red', `${node}: ${one}`)));
  return [await table(io, columns, rows), ...problems].join('\n');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
