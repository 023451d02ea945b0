/** Underlay networks, routers between them, hosts, and this machine among them, where the manager is. */
import { type Attachment, attachmentsOf } from './attachments.ts';
import type { Making } from './bridges.ts';
import { LabHost } from './lab-host.ts';
import type { NetPlan } from './lab-plan.ts';
import { AlreadyThere, type Ledger } from './ledger.ts';
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
  const attachments = attachmentsOf({ ...plan, namespaces: [] }, prefix);
  const attach = (attachment: Attachment): Promise<void> => underlays.get(attachment.underlay)!.attach(attachment);
  const of = (owner: string): Attachment[] => attachments.filter((one) => one.owner === owner);
  for (const { name, underlays: attached } of plan.routers) {
    const namespace = `${prefix}${name}`;
    await ensureNamespace({ name: namespace, ledger }, forwards);
    for (const one of of(name)) await attach(one);
    const others = { ...plan, routers: plan.routers.filter((router) => router.name !== name) };
    await giveAddresses(namespace, attached, { plan: others, deviceOf: (underlay) => underlay });
    say(`router ${name}: between ${Object.keys(attached).join(', ')}`);
  }
  for (const one of of('manager')) await attachRecorded(one.end.device, ledger, () => attach(one));
  const deviceOf = (underlay: string): string => of('manager').find((one) => one.underlay === underlay)!.end.device;
  await giveAddresses(null, plan.manager?.underlays ?? {}, { plan, deviceOf });
  const hosts = new Map<string, LabHost>();
  for (const host of plan.hosts) {
    const made = await LabHost.make(host, { ...making, net: plan, attachments: of(host.name), underlays });
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

/** Attaches a device of this machine, which does not go with a namespace. */
async function attachRecorded(name: string, ledger: Ledger, attach: () => Promise<void>): Promise<void> {
  if (ledger.has({ kind: 'device', name })) return attach();
  await ledger.make({ kind: 'device', name }, async () => {
    if (await deviceExists(name))
      throw new AlreadyThere(`device ${name} is there already and was not made by this lab`);
    await attach();
  });
}
