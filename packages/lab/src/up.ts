import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Client, createClient } from '@openvnet/client';
import { Lab } from './lab.ts';
import { type LabFile, readLabFile } from './lab-file.ts';
import { AlreadyThere, Ledger } from './ledger.ts';
import type { BridgeOptions, OpenVSwitch } from './open-vswitch.ts';
import { answers, startOpenvnet } from './openvnet-process.ts';
import { PrivateSwitch } from './private-switch.ts';
import { LabError } from './run.ts';
import { hasKernelDatapath, systemSwitch } from './system-switch.ts';
import { deviceExists, namespacePath } from './things.ts';
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
 * Makes the bridges and namespaces of a lab file and starts what is missing: Open vSwitch, manager and agent. Goes on
 * where an earlier one was interrupted.
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
  vswitch: OpenVSwitch;
  ledger: Ledger;
}> {
  const file = readLabFile(given);
  const ledger = await takeLedger(runDirectory, resolve(given));
  const { directory: path } = ledger;
  if (!ledger.has({ kind: 'directory', path })) {
    await ledger.make({ kind: 'directory', path, outlivesBoot: true }, async () => {});
  }
  const vswitch = await findOrStartSwitch(ledger, say);
  for (const { datapath_id: datapathId, fail_mode: failMode, other_config: otherConfig, ...bridge } of file.bridges) {
    await addBridge(
      vswitch,
      {
        name: bridge.name,
        ...(bridge.protocols && { protocols: bridge.protocols }),
        ...(bridge.controller && { controller: bridge.controller.replace('127.0.0.1:6633', openflow) }),
        ...(datapathId && { datapathId }),
        ...(failMode && { failMode }),
        ...(otherConfig && { otherConfig }),
      },
      { ledger, say },
    );
  }
  await addNamespaces(vswitch, file, { ledger, say });
  const client = createClient({ api });
  if (await answers(client)) say(`API: ${api} answers and is used`);
  else {
    await startOpenvnet(client, { ledger, api, openflow, ovsdb: vswitch.ovsdb });
    say(`API: openvnet started, at ${api}`);
  }
  return { file, client, vswitch, ledger };
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

async function findOrStartSwitch(ledger: Ledger, say: (line: string) => void): Promise<OpenVSwitch> {
  const directory = join(ledger.directory, 'openvswitch');
  const isOurs = ledger.has({ kind: 'directory', path: directory });
  const system = isOurs ? undefined : await systemSwitch();
  if (system) {
    say(`Open vSwitch: that of the system, in ${system.runDirectory} (${system.datapath} datapath)`);
    return system;
  }
  const datapath = (await hasKernelDatapath()) ? 'kernel' : 'userspace';
  const device = datapath === 'kernel' ? 'ovs-system' : 'ovs-netdev';
  if (!isOurs && (await deviceExists(device))) {
    throw new LabError(
      `another Open vSwitch moves packets here (there is a device ${device}), but its database does not answer; start it wholly or stop it`,
    );
  }
  const vswitch = await PrivateSwitch.start({ directory, ledger, namespace: null, datapath });
  const why = datapath === 'userspace' ? ' datapath, as this kernel has no module for it' : ' datapath';
  say(`Open vSwitch: ${isOurs ? 'running' : 'started'} in ${directory} (${datapath}${why})`);
  return vswitch;
}

interface Making {
  readonly ledger: Ledger;
  readonly say: (line: string) => void;
}

async function addBridge(vswitch: OpenVSwitch, bridge: BridgeOptions, { ledger, say }: Making): Promise<void> {
  const { name } = bridge;
  const isThere = (await vswitch.vsctl('list-br')).split('\n').includes(name);
  // What is in the database of a switch of one's own goes with it.
  const isOurs = vswitch instanceof PrivateSwitch || ledger.has({ kind: 'bridge', name });
  if (isThere && isOurs) return say(`bridge ${name}: there already`);
  const { database } = vswitch;
  const mark = ledger.directory;
  const make = async (): Promise<void> => {
    if (isThere) throw new AlreadyThere(`bridge ${name} is there already and was not made by this lab`);
    await vswitch.addBridge({ ...bridge, externalIds: { 'openvnet-lab': mark } });
  };
  if (isOurs) await make();
  else await ledger.make({ kind: 'bridge', name, database, mark, outlivesBoot: true }, make);
  say(`bridge ${name}: made`);
}

async function addNamespaces(vswitch: OpenVSwitch, file: LabFile, { ledger, say }: Making): Promise<void> {
  const lab = await Lab.create(vswitch, { prefix: '', ledger, keep: true });
  const wanted = [];
  for (const namespace of file.namespaces) {
    const { name, port = name } = namespace;
    const at = ledger.has({ kind: 'namespace', name }) && existsSync(namespacePath(name));
    if (at && (await vswitch.vsctl('list-ports', namespace.bridge)).split('\n').includes(port)) continue;
    // Half made by one that was interrupted.
    if (ledger.has({ kind: 'namespace', name })) await ledger.undoWhere({ kind: 'namespace', name });
    wanted.push(withoutUndefined(namespace));
  }
  const already = file.namespaces.length - wanted.length;
  if (wanted.length > 0) {
    await lab.namespaces(wanted);
    say(`namespaces: ${wanted.map(({ name, port = name }) => `${name} at ${port}`).join(', ')}`);
  }
  if (already > 0) say(`namespaces: ${already} there already`);
}

/** Without what was not given, as optional properties want it. */
function withoutUndefined<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
