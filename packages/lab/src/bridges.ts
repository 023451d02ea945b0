/** Bridges of a switch and guests at them, as a lab file says. */
import { existsSync } from 'node:fs';
import { Lab } from './lab.ts';
import type { BridgePlan, GuestPlan } from './lab-plan.ts';
import { AlreadyThere, type Ledger } from './ledger.ts';
import type { BridgeOptions, OpenVSwitch } from './open-vswitch.ts';
import { PrivateSwitch } from './private-switch.ts';
import { namespacePath } from './things.ts';

export interface Making {
  readonly ledger: Ledger;
  readonly say: (line: string) => void;
  /** Before the names of namespaces. */
  readonly prefix: string;
}

/** What a lab file says of a bridge, as the switch takes it. */
export function bridgeOptions(plan: BridgePlan): BridgeOptions {
  const { name, datapath_id: datapathId, fail_mode: failMode, other_config: otherConfig, protocols, controller } = plan;
  return {
    name,
    ...(protocols && { protocols }),
    ...(controller && { controller }),
    ...(datapathId && { datapathId }),
    ...(failMode && { failMode }),
    ...(otherConfig && { otherConfig }),
  };
}

/** Makes a bridge unless the lab has made it before. */
export async function ensureBridge(
  vswitch: OpenVSwitch,
  bridge: BridgeOptions,
  making: Omit<Making, 'prefix'>,
): Promise<void> {
  const { ledger, say } = making;
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

/** Makes the guests that are missing at the bridges of a switch; `elsewhere` are ports of guests that have moved away. */
export async function plugGuests(
  vswitch: OpenVSwitch,
  guests: readonly (GuestPlan & { readonly bridge: string })[],
  { ledger, say, prefix, elsewhere = new Set() }: Making & { readonly elsewhere?: ReadonlySet<string> },
): Promise<void> {
  const lab = await Lab.create(vswitch, { prefix, ledger, keep: true });
  const wanted = [];
  for (const guest of guests) {
    const { name, port = name } = guest;
    const namespace = `${prefix}${name}`;
    const isMade = ledger.has({ kind: 'namespace', name: namespace }) && existsSync(namespacePath(namespace));
    if (isMade && (elsewhere.has(port) || (await portsOf(vswitch, guest.bridge)).includes(port))) continue;
    // Half made by one that was interrupted.
    await ledger.undoWhere({ kind: 'namespace', name: namespace });
    wanted.push(withoutUndefined(guest));
  }
  const already = guests.length - wanted.length;
  if (wanted.length > 0) {
    await lab.namespaces(wanted);
    say(`namespaces: ${wanted.map(({ name, port = name }) => `${name} at ${port}`).join(', ')}`);
  }
  if (already > 0) say(`namespaces: ${already} there already`);
}

export async function portsOf(vswitch: OpenVSwitch, bridge: string): Promise<string[]> {
  return (await vswitch.vsctl('list-ports', bridge)).split('\n').filter(Boolean);
}

/** Without what was not given, as optional properties want it. */
export function withoutUndefined<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
