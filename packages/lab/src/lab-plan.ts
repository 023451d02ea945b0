/** What a lab consists of: the shape of a lab file, and what has to fit together in it. */
import { BlockList, isIP } from 'node:net';
import { parseDatapathId, parseMac } from '@openvnet/model';
import * as z from 'zod';
import { parseCheck } from './check-text.ts';
import { checkTopology } from './topology.ts';

export type LabPlan = z.output<typeof labPlan>;
/** The parts of a lab that packets between hosts pass. */
export type NetPlan = Pick<LabPlan, 'underlays' | 'routers' | 'hosts' | 'manager'>;
export type BridgePlan = z.output<typeof bridge>;
export type HostPlan = z.output<typeof host>;
export type GuestPlan = z.output<typeof namespace>;
export type UnderlayPlan = z.output<typeof underlay>;
/** Addresses by underlay network. */
export type Attachments = z.output<typeof attachments>;

const name = z
  .string({ error: 'expected a name' })
  .regex(/^[\w.-]+$/, 'expected letters, digits, dots, dashes and underscores');
const device = name.max(15, 'expected at most 15 characters: it is the name of a device');
const mac = z.string({ error: expected('a MAC address') }).refine((text) => parseMac(text) !== undefined, {
  error: expected('a MAC address, such as 52:54:00:0d:84:01'),
});
const address = z.string().refine((text) => isIP(text) !== 0, { error: expected('an address, such as 172.16.1.254') });
const range = z
  .string({ error: expected('an address and a prefix, such as 172.16.1.1/24') })
  .refine(isRange, { error: expected('an address and a prefix, such as 172.16.1.1/24') });
const network = z
  .string()
  .refine((given) => networkOf(given) !== undefined, { error: expected('a network, such as 198.18.1.0/24') });
const text = z.union([z.string(), z.number(), z.boolean()], { error: 'expected text' }).transform(String);
const mtu = z
  .number({ error: expected('a number of bytes') })
  .int()
  .min(68)
  .max(65_535);

const bridge = z.strictObject({
  name: device,
  datapath_id: text
    .refine((given) => parseDatapathId(given) !== undefined, { error: expected('1 to 16 hexadecimal digits') })
    .optional(),
  protocols: z.array(z.string()).optional(),
  fail_mode: z.enum(['secure', 'standalone'], { error: 'expected secure or standalone' }).optional(),
  controller: z.string().optional(),
  other_config: z.record(z.string(), text).optional(),
  /** Ports of the bridge that are in an underlay network, by name of the port. */
  uplinks: z.record(device, name).optional(),
});

/** One address or several in each underlay network. */
const attachments = z.record(name, oneOrMore(address, 'an address, such as 198.18.1.1'));

const underlay = z.strictObject({
  name: device,
  network: oneOrMore(network, 'a network, such as 198.18.1.0/24').default([]),
  mtu: mtu.default(1600),
});
const router = z.strictObject({ name: device, underlays: attachments });
const host = z.strictObject({
  name: device,
  underlays: attachments.default({}),
  bridges: z.array(bridge).default([]),
});

const namespace = z.strictObject({
  name,
  /** The host that it is on, in a lab of several. */
  host: z.string().optional(),
  /** The bridge that it is at; may be left out where its host has one. */
  bridge: z.string().optional(),
  /** The underlay network that it is in, in place of a bridge: a station outside. */
  underlay: z.string().optional(),
  port: device.optional(),
  device: device.optional(),
  mac: mac.optional(),
  addresses: z.array(range).optional(),
  routes: z.array(z.strictObject({ to: z.union([range, z.literal('default')]), via: address })).optional(),
  mtu: mtu.optional(),
});

const check = z.string().transform((line, context) => {
  const read = parseCheck(line);
  if (typeof read !== 'string') return read;
  context.addIssue({ code: 'custom', message: read });
  return z.NEVER;
});

const values = z.record(z.string(), z.unknown());

type Say = (path: (string | number)[], message: string) => void;

export const labPlan = z
  .strictObject({
    bridges: z.array(bridge).default([]),
    underlays: z.array(underlay).default([]),
    routers: z.array(router).default([]),
    hosts: z.array(host).default([]),
    manager: z.strictObject({ underlays: attachments }).optional(),
    namespaces: z.array(namespace).default([]),
    topology: z.record(z.string(), z.array(values, { error: 'expected a list' })).default({}),
    checks: z.array(check).default([]),
  })
  .superRefine((plan, context) => {
    const say: Say = (path, message) => context.addIssue({ code: 'custom', path, message });
    checkNames(plan, say);
    checkHosts(plan, say);
    for (const [index, guest] of plan.namespaces.entries())
      checkGuest(plan, guest, (field, message) => say(['namespaces', index, field], message));
    const names = plan.namespaces.map(({ name: known }) => known);
    for (const [index, { from, at = from, seenOnlyBy = [] }] of plan.checks.entries()) {
      const missing = [from, at, ...seenOnlyBy].find((wanted) => !names.includes(wanted));
      if (missing) say(['checks', index], `no namespace of the file is called ${missing}`);
    }
    checkTopology(plan.topology, (path, message) => say(['topology', ...path], message));
  });

/** The bridge of a guest; `undefined` where the file names none that is there. */
export function bridgeOf(
  { bridges, hosts }: Pick<LabPlan, 'bridges' | 'hosts'>,
  guest: Pick<GuestPlan, 'bridge' | 'host'>,
): BridgePlan | undefined {
  const there =
    guest.host === undefined ? bridges : (hosts.find(({ name: known }) => known === guest.host)?.bridges ?? []);
  if (guest.bridge === undefined) return there.length === 1 ? there[0] : undefined;
  return there.find(({ name: known }) => known === guest.bridge);
}

/** The address with the length of its network's prefix; `undefined` where it is in none of the underlay's networks. */
export function withPrefix(one: string, { network: networks }: Pick<UnderlayPlan, 'network'>): string | undefined {
  const found = networks.find((range) => networkOf(range)?.check(one, isIP(one) === 6 ? 'ipv6' : 'ipv4'));
  return found && `${one}/${found.split('/')[1]}`;
}

function networkOf(given: string): BlockList | undefined {
  if (!isRange(given)) return undefined;
  const [base = '', prefix] = given.split('/');
  const list = new BlockList();
  list.addSubnet(base, Number(prefix), isIP(base) === 6 ? 'ipv6' : 'ipv4');
  return list;
}

function oneOrMore<S extends z.ZodType<string, string>>(one: S, what: string) {
  return z.union([one.transform((given) => [given]), z.array(one)], { error: expected(what) });
}

function checkHosts({ bridges, underlays, routers, hosts, manager }: Unchecked, say: Say): void {
  if (hosts.length > 0 && bridges.length > 0) say(['bridges'], 'in a file with hosts each host has its own bridges');
  if (hosts.length > 0 && Object.keys(manager?.underlays ?? {}).length === 0)
    say(
      manager ? ['manager', 'underlays'] : ['hosts'],
      'the hosts need an address of the manager: manager: { underlays: { NAME: ADDRESS } }',
    );
  const known = underlays.map(({ name: one }) => one);
  const check = (given: Attachments, path: (string | number)[]): void => {
    for (const [wanted, addresses] of Object.entries(given)) {
      const found = underlays.find(({ name: one }) => one === wanted);
      if (!found) say([...path, wanted], noSuch('underlay', wanted, known));
      for (const one of found ? addresses : []) {
        if (!withPrefix(one, found!))
          say([...path, wanted], `${one} is not in the network of ${wanted}: ${found!.network.join(', ') || 'none'}`);
      }
    }
  };
  check(manager?.underlays ?? {}, ['manager', 'underlays']);
  for (const [index, one] of routers.entries()) check(one.underlays, ['routers', index, 'underlays']);
  for (const [index, one] of hosts.entries()) {
    check(one.underlays, ['hosts', index, 'underlays']);
    for (const [at, { uplinks = {} }] of one.bridges.entries()) {
      for (const [port, wanted] of Object.entries(uplinks)) {
        if (!known.includes(wanted))
          say(['hosts', index, 'bridges', at, 'uplinks', port], noSuch('underlay', wanted, known));
      }
    }
  }
}

function checkGuest(plan: Unchecked, guest: GuestPlan, say: (field: string, message: string) => void): void {
  const { name: who, host: hostName, bridge: wanted, underlay: outside } = guest;
  const hosts = plan.hosts.map(({ name: known }) => known);
  const underlays = plan.underlays.map(({ name: known }) => known);
  const found = plan.hosts.find(({ name: known }) => known === hostName);
  const bridges = (hostName === undefined ? plan.bridges : (found?.bridges ?? [])).map(({ name: known }) => known);
  const where = hostName ?? 'the file';
  if (outside !== undefined && (hostName ?? wanted) !== undefined)
    say('underlay', 'expected host and bridge, or underlay, not both');
  else if (outside !== undefined) {
    if (!underlays.includes(outside)) say('underlay', noSuch('underlay', outside, underlays));
  } else if (hostName !== undefined && !found) say('host', noSuch('host', hostName, hosts));
  else if (hostName === undefined && hosts.length > 0) say('name', `${who} has no host; there are ${hosts.join(', ')}`);
  else if (wanted !== undefined && !bridges.includes(wanted))
    say('bridge', `no bridge of ${where} is called ${wanted}`);
  else if (wanted === undefined && bridges.length !== 1)
    say('name', `${who} needs a bridge: ${where} has ${bridges.join(', ') || 'none'}`);
}

/** Every one of them is a network namespace of that name. */
function checkNames(plan: Unchecked, say: Say): void {
  const seen = new Set<string>();
  for (const part of ['underlays', 'routers', 'hosts', 'namespaces'] as const) {
    for (const [index, { name: known }] of plan[part].entries()) {
      if (seen.has(known)) say([part, index, 'name'], `${known} is there twice`);
      seen.add(known);
    }
  }
}

type Unchecked = Pick<LabPlan, 'bridges' | 'underlays' | 'routers' | 'hosts' | 'manager' | 'namespaces'>;

function noSuch(what: string, wanted: string, known: readonly string[]): string {
  return `no ${what} of the file is called ${wanted}; there are ${known.join(', ') || 'none'}`;
}

function isRange(given: string): boolean {
  const [base = '', prefix = ''] = given.split('/');
  const version = isIP(base);
  return version !== 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128);
}

function expected(what: string) {
  return ({ input }: { readonly input?: unknown }): string => `${JSON.stringify(input)}: expected ${what}`;
}
