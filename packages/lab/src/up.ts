import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Client } from '@openvnet/client';
import { type LabFile, readLabFile } from './lab-file.ts';
import { Ledger } from './ledger.ts';
import { makeManyHosts } from './many-hosts.ts';
import { makeOneHost } from './one-host.ts';
import type { OpenVSwitch } from './open-vswitch.ts';
import { LabError } from './run.ts';
import { applyTopology, type Topology } from './topology.ts';
import { readTrusted, stateDirectory } from './trusted.ts';

export interface UpOptions {
  /** The lab file. */
  readonly file: string;
  readonly runDirectory: string;
  readonly api: string;
  /** Where the agent takes connections of switches. */
  readonly openflow?: string;
  readonly say: (line: string) => void;
}

/** Where a lab keeps its state unless told otherwise. */
export function defaultRunDirectory(): string {
  return join(stateDirectory(), 'openvnet-lab');
}

export function requireRoot(what: string): void {
  if (process.getuid?.() === 0) return;
  throw new LabError(
    `${what} needs root: it makes network namespaces, devices and ports of a switch, which the kernel gives to nobody else. Try: sudo npx vnctl ${what}`,
  );
}

/**
 * Makes what a lab file describes and starts what is missing: Open vSwitch, manager and agents. Goes on where an earlier
 * one was interrupted.
 */
export async function bringUp({
  file: given,
  runDirectory,
  api,
  openflow = '127.0.0.1:6633',
  say,
}: UpOptions): Promise<{
  file: LabFile;
  client: Client;
  /** One for each host. */
  vswitches: readonly OpenVSwitch[];
  ledger: Ledger;
}> {
  const file = readLabFile(given);
  const ledger = await takeLedger(runDirectory, resolve(given));
  const { directory: path } = ledger;
  if (!ledger.has({ kind: 'directory', path })) {
    await ledger.make({ kind: 'directory', path, outlivesBoot: true }, async () => {});
  }
  const make = file.hosts.length > 0 ? makeManyHosts : makeOneHost;
  return { file, ledger, ...(await make(file, { ledger, say, prefix: '' }, { api, openflow })) };
}

/** Brings a lab up and its topology into effect. Returns how many objects are not in effect. */
export async function up(options: UpOptions & { readonly waitSeconds: number }): Promise<number> {
  const { say, waitSeconds } = options;
  const { file, client, ledger } = await bringUp(options);
  const path = join(ledger.directory, 'topology.json');
  await applyTopology(client, file.topology, say, topologyIn(path));
  writeFileSync(path, JSON.stringify(file.topology), { mode: 0o600 });
  const unrealised = await client.waitForAll(file.topology, waitSeconds);
  for (const { uuid, waits_for } of unrealised)
    say(`${uuid} is not in effect: ${waits_for.join('; ') || 'nothing says why'}`);
  if (unrealised.length === 0) say('all of it is in effect');
  return unrealised.length;
}

/** The topology that was applied last; none where that is not known. */
function topologyIn(path: string): Topology {
  try {
    return JSON.parse(readTrusted(path) ?? '{}') as Topology;
  } catch (error) {
    // It was being written when somebody ended the program.
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

async function takeLedger(runDirectory: string, file: string): Promise<Ledger> {
  const existing = Ledger.find(runDirectory);
  if (existing?.owner && existing.owner.pid !== process.pid) {
    throw new LabError(`another lab up is at work in ${runDirectory} (pid ${existing.owner.pid})`);
  }
  if (existing && existing.things.length > 0 && existing.note !== file) {
    throw new LabError(`a lab is up already, from ${existing.note}; end it first: vnctl lab down`);
  }
  await existing?.settle();
  return Ledger.begin(runDirectory, file);
}
