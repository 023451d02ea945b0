/** What `vnctl lab` does to the network between hosts, and to where guests are. */
import { type Attachment, attachmentsOf } from './attachments.ts';
import { portsOf } from './bridges.ts';
import { fileOf, type LabPlace, requireUp, type Say } from './commands.ts';
import { Guest } from './guest.ts';
import type { LabFile } from './lab-file.ts';
import { directoryOf } from './lab-host.ts';
import { bridgeOf, type GuestPlan } from './lab-plan.ts';
import { OpenVSwitch } from './open-vswitch.ts';
import { moveGuest } from './plug.ts';
import { LabError } from './run.ts';
import { hasKernelDatapath } from './system-switch.ts';
import { Underlay } from './underlay.ts';
import { requireRoot } from './up.ts';

export interface LinkPlace extends LabPlace {
  /** A host, a router, a station, or `manager`. */
  readonly name: string;
  /** One of its underlay networks; all unless given. */
  readonly underlay?: string;
  readonly say: Say;
}

/** Stops all packets between somebody and the underlay networks. */
export async function labCut({ say, ...place }: LinkPlace): Promise<void> {
  for (const { attachment, underlay } of linksOf(place, 'lab cut')) {
    await underlay.cut(attachment.port);
    say(`${place.name}: cut from ${underlay.name}`);
  }
}

export async function labJoin({ say, ...place }: LinkPlace): Promise<void> {
  for (const { attachment, underlay } of linksOf(place, 'lab join')) {
    await underlay.join(attachment.port);
    say(`${place.name}: joined to ${underlay.name}`);
  }
}

/** Drops a share of the packets between somebody and the underlay networks. */
export async function labLoss({ say, percent, ...place }: LinkPlace & { percent: number }): Promise<void> {
  if (!(percent >= 0 && percent <= 100)) throw new LabError(`${percent}: expected a percentage from 0 to 100`);
  for (const { attachment, underlay } of linksOf(place, 'lab loss')) {
    const by = await underlay.lose(attachment, percent);
    say(`${place.name}: ${percent} % of the packets from and to ${underlay.name} are lost (${by})`);
  }
}

/** Moves a guest to another host, with its MAC address and addresses. */
export async function labMove({
  name,
  host,
  overlapMs = 1000,
  say,
  ...place
}: LabPlace & { name: string; host: string; overlapMs?: number; say: Say }): Promise<void> {
  const file = fileOf(place);
  const guest = file.namespaces.find((one) => one.name === name && one.host !== undefined);
  if (!guest)
    throw unknown(
      'guest',
      name,
      file.namespaces.filter((one) => one.host !== undefined),
    );
  if (!file.hosts.some((one) => one.name === host)) throw unknown('host', host, file.hosts);
  const { directory } = requireUp(place);
  requireRoot('lab move');
  const datapath = (await hasKernelDatapath()) ? 'kernel' : 'userspace';
  const switchOf = (of: string): OpenVSwitch =>
    new OpenVSwitch({ runDirectory: directoryOf(directory, of), namespace: of, datapath });
  const { device = 'eth0', port = name } = guest;
  const to = { vswitch: switchOf(host), bridge: bridgeOn(file, guest, host) };
  const from = await whereIs(port, { file, guest, switchOf });
  if (from.host === host) throw new LabError(`${name} is on ${host} already`);
  await moveGuest(new Guest({ name, namespace: name, device, port }), { from, to, overlapMs });
  say(`${name}: moved from ${from.host} to ${host}`);
}

interface Found {
  readonly host: string;
  readonly vswitch: OpenVSwitch;
  readonly bridge: string;
}

/** The host where the port of a guest is: that of the file unless the guest was moved. */
async function whereIs(
  port: string,
  { file, guest, switchOf }: { file: LabFile; guest: GuestPlan; switchOf: (host: string) => OpenVSwitch },
): Promise<Found> {
  const others = file.hosts.map((one) => one.name).filter((one) => one !== guest.host);
  for (const host of [guest.host!, ...others]) {
    const vswitch = switchOf(host);
    for (const { name: bridge } of file.hosts.find((one) => one.name === host)!.bridges) {
      if ((await portsOf(vswitch, bridge)).includes(port)) return { host, vswitch, bridge };
    }
  }
  throw new LabError(`no host has the port ${port} of ${guest.name}; make it again: vnctl lab up`);
}

/** The bridge for a guest on a host: the one that is there, or the one called as its own. */
function bridgeOn(file: LabFile, guest: GuestPlan, host: string): string {
  const found = bridgeOf(file, { host }) ?? bridgeOf(file, { host, bridge: bridgeOf(file, guest)!.name });
  if (found) return found.name;
  throw new LabError(`${host} has no bridge called ${bridgeOf(file, guest)!.name}`);
}

function linksOf(place: Omit<LinkPlace, 'say'>, command: string): { attachment: Attachment; underlay: Underlay }[] {
  const file = fileOf(place);
  const all = attachmentsOf(file, '');
  const own = all.filter(({ owner }) => owner === place.name);
  if (own.length === 0)
    throw unknown(
      'host, router or station',
      place.name,
      [...new Set(all.map(({ owner }) => owner))].map((name) => ({ name })),
    );
  const found = own.filter(({ underlay }) => place.underlay === undefined || place.underlay === underlay);
  if (found.length === 0) {
    const names = own.map(({ underlay }) => underlay).join(', ');
    throw new LabError(`${place.name} is not in underlay ${place.underlay}; it is in ${names}`);
  }
  requireUp(place);
  requireRoot(command);
  return found.map((attachment) => {
    const plan = file.underlays.find(({ name }) => name === attachment.underlay)!;
    return { attachment, underlay: new Underlay(plan) };
  });
}

function unknown(what: string, name: string, known: readonly { readonly name: string }[]): LabError {
  return new LabError(
    `no ${what} of the lab is called ${name}; there are ${known.map((one) => one.name).join(', ') || 'none'}`,
  );
}
