/** `vnctl` for tests, with a manager in this process and a home directory of its own for each test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Manager, startManager } from '@openvnet/manager';
import { pino } from 'pino';
import { runCommandLine } from './index.ts';

let manager: Manager;
let home: string;

/** What stands around each test: `beforeEach(shell.begin)`, `afterEach(shell.end)`. */
export const shell = {
  async begin(): Promise<void> {
    home = mkdtempSync(join(tmpdir(), 'vnctl-test-'));
    const logger = pino({ level: 'silent' });
    manager = await startManager({ listen: { host: '127.0.0.1', port: 0 }, store: 'memory', logger });
  },
  async end(): Promise<void> {
    await manager.close();
    rmSync(home, { recursive: true });
  },
  get manager(): Manager {
    return manager;
  },
  get home(): string {
    return home;
  },
};

export interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line as a shell would split it where nothing is quoted. */
export async function vnctl(line: string, env: Record<string, string> = { OPENVNET_API: manager.url }): Promise<Run> {
  let out = '';
  let err = '';
  const code = await runCommandLine(line.split(' ').filter(Boolean), {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    fancy: false,
    env: { HOME: home, ...env },
  });
  return { code, out, err };
}

/** What the API answers to a command that has to succeed without a word. */
export async function json(line: string): Promise<Record<string, unknown>> {
  const { code, out, err } = await vnctl(`${line} -o json`);
  if (code !== 0 || err !== '') throw new Error(`vnctl ${line}: ${code} ${err}`);
  return JSON.parse(out) as Record<string, unknown>;
}

/** A datapath, a network and an interface, as they were registered in 2013. */
export const setup = [
  'datapath add --uuid dp-br0 --display-name=br0 --dc-segment-id=seg1 --dpid=0x000002fdee8e0a44 --ipv4-address=192.168.122.207 --node-id=192.168.122.207',
  'network add --uuid nw-net1 --display-name=net1 --ipv4-network 172.16.1.0 --ipv4-prefix=24 --domain-name=dom1 --network-mode=virtual',
  'datapath networks add dp-br0 nw-net1 --broadcast-mac-address=08:00:27:10:03:01',
  'interface add --uuid=if-veth1 --ipv4-address=172.16.1.1 --network-uuid=nw-net1 --mac-address=52:54:00:0d:84:01',
];

export async function registered(): Promise<void> {
  for (const line of setup) {
    const { code, err } = await vnctl(line);
    if (code !== 0) throw new Error(`vnctl ${line}: ${err}`);
  }
}
