/** A lab of one host: this machine, with the Open vSwitch of the system or one of the lab's own. */
import { join } from 'node:path';
import { type Client, createClient } from '@openvnet/client';
import { bridgeOptions, ensureBridge, type Making, plugGuests } from './bridges.ts';
import { bridgeOf, type LabPlan } from './lab-plan.ts';
import type { Ledger } from './ledger.ts';
import type { OpenVSwitch } from './open-vswitch.ts';
import { PrivateSwitch } from './private-switch.ts';
import { answers, listenAt, Program, startServing } from './programs.ts';
import { LabError } from './run.ts';
import { hasKernelDatapath, systemSwitch } from './system-switch.ts';
import { deviceExists } from './things.ts';

/** Makes the bridges and namespaces, and starts what does not run: Open vSwitch, manager and agent. */
export async function makeOneHost(
  plan: LabPlan,
  making: Making,
  { api, openflow }: { api: string; openflow: string },
): Promise<{ client: Client; vswitches: readonly OpenVSwitch[] }> {
  const { ledger, say } = making;
  const vswitch = await findOrStartSwitch(ledger, say);
  for (const bridge of plan.bridges) {
    const controller = bridge.controller?.replace('127.0.0.1:6633', openflow);
    await ensureBridge(vswitch, bridgeOptions({ ...bridge, ...(controller && { controller }) }), making);
  }
  const guests = plan.namespaces.map((guest) => ({ ...guest, bridge: bridgeOf(plan, guest)!.name }));
  await plugGuests(vswitch, guests, making);
  const client = createClient({ api });
  if (await answers(client)) say(`API: ${api} answers and is used`);
  else {
    const { host, port } = listenAt(api);
    const { directory } = ledger;
    const state = `${directory}/agent`;
    const args = ['--listen', `${host}:${port}`, '--store', 'memory', '--openflow', openflow, '--ovsdb', vswitch.ovsdb];
    const marker = `--state ${state}`;
    const program = new Program({ program: 'openvnet', ledger, directory, marker, args: [...args, '--state', state] });
    await startServing(client, program);
    say(`API: openvnet started, at ${api}`);
  }
  return { client, vswitches: [vswitch] };
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
