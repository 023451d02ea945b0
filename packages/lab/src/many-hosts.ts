/** A lab of several hosts, as a lab file describes it. */

import { existsSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { type Client, createClient } from '@openvnet/client';
import { attachmentsOf } from './attachments.ts';
import { type Making, plugGuests, portsOf, withoutUndefined } from './bridges.ts';
import { bridgeOf, type LabPlan, type NetPlan } from './lab-plan.ts';
import type { Ledger } from './ledger.ts';
import { makeNet, type Net } from './net.ts';
import type { OpenVSwitch } from './open-vswitch.ts';
import { answers, listenAt, Program, startServing } from './programs.ts';
import { LabError } from './run.ts';
import { makeGuest } from './stations.ts';
import { hasKernelDatapath } from './system-switch.ts';
import { namespacePath } from './things.ts';

/** Makes a lab of several hosts, and starts what does not run: manager and agents. */
export async function makeManyHosts(
  plan: LabPlan,
  making: Making,
  { api }: { api: string },
): Promise<{ client: Client; vswitches: readonly OpenVSwitch[] }> {
  const { ledger, say } = making;
  const datapath = (await hasKernelDatapath()) ? 'kernel' : 'userspace';
  say(`datapath: ${datapath}`);
  const net = await makeNet(plan, { ...making, datapath });
  await makeStations(plan, net, making);
  const elsewhere = await movedPorts(plan, net);
  for (const host of net.hosts.values()) {
    const guests = plan.namespaces
      .filter((guest) => guest.host === host.name)
      .map((guest) => ({ ...guest, bridge: bridgeOf(plan, guest)!.name }));
    await plugGuests(host.vswitch, guests, { ...making, elsewhere, say: (line) => say(`${host.name}: ${line}`) });
  }
  const client = await ensureManager(plan, ledger, { api, say });
  for (const host of net.hosts.values())
    await host.startAgent(managerFor(host.name, plan, Number(new URL(api).port || 80)));
  return { client, vswitches: [...net.hosts.values()].map(({ vswitch }) => vswitch) };
}

/** Ports of guests that are on another host than the file says. */
async function movedPorts({ hosts, namespaces }: LabPlan, net: Net): Promise<ReadonlySet<string>> {
  const moved = new Set<string>();
  for (const { name, bridges } of hosts) {
    const own = namespaces.filter(({ host }) => host === name).map((guest) => guest.port ?? guest.name);
    for (const bridge of bridges) {
      const ports = await portsOf(net.hosts.get(name)!.vswitch, bridge.name);
      for (const port of ports.filter((one) => !own.includes(one))) moved.add(port);
    }
  }
  return moved;
}

/** Where a host finds the manager: in an underlay network of its own, or else by routers. */
export function managerFor(host: string, { hosts, manager }: Pick<NetPlan, 'hosts' | 'manager'>, port: number): string {
  const all = Object.entries(manager!.underlays);
  const own = hosts.find(({ name }) => name === host)!.underlays;
  const [, addresses] = all.find(([underlay]) => underlay in own) ?? all[0]!;
  return `http://${authority(addresses[0]!, port)}`;
}

async function ensureManager(
  plan: LabPlan,
  ledger: Ledger,
  { api, say }: { api: string; say: (line: string) => void },
): Promise<Client> {
  const client = createClient({ api });
  const port = Number(new URL(api).port || 80);
  const addresses = Object.values(plan.manager!.underlays)
    .flat()
    .map((address) => authority(address, port));
  if (await answers(client)) {
    for (const address of addresses) {
      if (await answers(createClient({ api: `http://${address}` }))) continue;
      throw new LabError(
        `the manager at ${api} does not serve ${address}, where the hosts of the lab look for it. End it, or use: vnmgr --listen ${new URL(api).host},${addresses.join()} --insecure`,
      );
    }
    say(`API: ${api} answers and is used`);
    return client;
  }
  const { host } = listenAt(api);
  const { directory } = ledger;
  const store = `${directory}/store.db`;
  const args = ['--listen', [authority(host, port), ...addresses].join(), '--insecure', '--store', store];
  await startServing(client, new Program({ program: 'vnmgr', ledger, directory, marker: `--store ${store}`, args }));
  say(`API: vnmgr started, at ${api} and ${addresses.join(', ')}`);
  return client;
}

function authority(address: string, port: number): string {
  return `${isIPv6(address) ? `[${address}]` : address}:${port}`;
}

/** Makes the namespaces that are in an underlay network. */
async function makeStations(plan: LabPlan, { underlays }: Net, { ledger, prefix, say }: Making): Promise<void> {
  for (const attachment of attachmentsOf(plan, prefix)) {
    const station = plan.namespaces.find(({ name }) => name === attachment.owner);
    if (!station) continue;
    const name = attachment.end.namespace!;
    if (ledger.has({ kind: 'namespace', name }) && existsSync(namespacePath(name))) continue;
    await ledger.undoWhere({ kind: 'namespace', name });
    const link = (): Promise<void> => underlays.get(attachment.underlay)!.attach(attachment);
    await makeGuest(withoutUndefined(station), { prefix, ledger, link });
    say(`namespaces: ${station.name} in ${attachment.underlay}`);
  }
}
