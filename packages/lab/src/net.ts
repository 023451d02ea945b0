/** Underlay networks, routers between them, hosts, and this machine among them, where the manager is. */
import type { Making } from './bridges.ts';
import { LabHost } from './lab-host.ts';
import type { Attachments, NetPlan } from './lab-plan.ts';
import { AlreadyThere } from './ledger.ts';
import { ensureNamespace } from './namespaces.ts';
import type { DatapathKind } from './open-vswitch.ts';
import { deviceExists } from './things.ts';
import { Underlay } from './underlay.ts';
import { giveAddresses } from './underlay-routes.ts';

export interface Net {
  readonly underlays: ReadonlyMap<string, Underlay>;
  readonly hosts: ReadonlyMap<string, LabHost>;
}

/** Makes what is missing of underlay networks, routers and hosts, and attaches this machine, for the manager. */
export async function makeNet(
  plan: NetPlan,
  making: Making & { datapath: Exclude<DatapathKind, 'dummy'> },
): Promise<Net> {
  const { ledger, prefix, say } = making;
  const underlays = new Map<string, Underlay>();
  for (const { name, mtu } of plan.underlays) {
    const underlay = new Underlay({ name, mtu, prefix });
    await underlay.make(ledger);
    underlays.set(name, underlay);
  }
  if (underlays.size > 0) say(`underlays: ${[...underlays.keys()].join(', ')}`);
  for (const { name, underlays: attached } of plan.routers) {
    const namespace = `${prefix}${name}`;
    await ensureNamespace({ name: namespace, ledger }, forwards);
    for (const underlay of Object.keys(attached))
      await underlays.get(underlay)!.attach(name, { namespace, device: underlay });
    const others = { ...plan, routers: plan.routers.filter((router) => router.name !== name) };
    await giveAddresses(namespace, attached, { plan: others, deviceOf: (underlay) => underlay });
    say(`router ${name}: between ${Object.keys(attached).join(', ')}`);
  }
  if (plan.manager) await attachThisMachine(plan.manager.underlays, plan, { ...making, underlays });
  const hosts = new Map<string, LabHost>();
  for (const host of plan.hosts) {
    const made = await LabHost.make(host, { ...making, net: plan, underlays });
    hosts.set(host.name, made);
    say(`host ${host.name}: ${made.addresses.join(', ') || 'in no underlay network'}`);
  }
  return { underlays, hosts };
}

const forwards = [
  'net/ipv4/ip_forward=1',
  'net/ipv6/conf/all/forwarding=1',
  'net/ipv6/conf/default/forwarding=1',
  'net/ipv4/conf/all/send_redirects=0',
];

async function attachThisMachine(
  attached: Attachments,
  plan: NetPlan,
  { ledger, prefix, underlays }: Making & { underlays: ReadonlyMap<string, Underlay> },
): Promise<void> {
  const names = Object.keys(attached);
  const deviceOf = (underlay: string): string => `${prefix || 'lab-'}under${names.indexOf(underlay)}`;
  for (const underlay of names) {
    const device = deviceOf(underlay);
    const attach = async (): Promise<void> => underlays.get(underlay)!.attach('manager', { namespace: null, device });
    if (ledger.has({ kind: 'device', name: device })) await attach();
    else {
      await ledger.make({ kind: 'device', name: device }, async () => {
        if (await deviceExists(device))
          throw new AlreadyThere(`device ${device} is there already and was not made by this lab`);
        await attach();
      });
    }
  }
  await giveAddresses(null, attached, { plan, deviceOf });
}
