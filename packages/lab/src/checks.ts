/** What a lab file may state, as sentences, and how each is found out. */
import { randomInt } from 'node:crypto';
import { isIP } from 'node:net';
import { parseMac } from '@openvnet/model';
import type { Guest, PingResult } from './guest.ts';
import { LabError } from './run.ts';

export interface Check {
  readonly text: string;
  readonly kind: 'reaches' | 'does not reach' | 'has neighbour';
  readonly from: string;
  readonly address: string;
  readonly mac?: string;
  readonly seenOnlyBy?: readonly string[];
}

export interface Verdict {
  readonly holds: boolean;
  /** What was seen. */
  readonly because: string;
}

/** What a check needs of the lab: its guests, and which are in the network of which. */
export interface Scene {
  readonly guests: readonly Guest[];
  readonly networkOf: (guest: Guest) => string | undefined;
}

const forms = [
  /^(?<from>\S+) (?<kind>reaches) (?<address>\S+)(?: seen only by (?<seen>.+))?$/,
  /^(?<from>\S+) (?<kind>does not reach) (?<address>\S+)$/,
  /^(?<from>\S+) (?<kind>has neighbour) (?<address>\S+) at (?<mac>\S+)$/,
];

const examples = [
  'ns1 reaches 172.16.1.2',
  'ns1 reaches 172.16.1.2 seen only by ns2, ns3',
  'ns1 does not reach 172.16.2.3',
  'ns1 has neighbour 172.16.1.2 at 52:54:00:0d:84:02',
];

/** The check that a sentence states; where it states none, why. */
export function parseCheck(sentence: string): Check | string {
  const text = sentence.trim().replaceAll(/\s+/g, ' ');
  const found = forms.map((form) => form.exec(text)?.groups).find(Boolean);
  if (!found) return `${JSON.stringify(text)} is no check; expected something like ${examples.join(' / ')}`;
  const { from, kind, address, mac, seen } = found as Record<string, string>;
  if (isIP(address!) === 0) return `${address} is no address; expected something like 172.16.1.2`;
  if (mac !== undefined && parseMac(mac) === undefined) return `${mac} is no MAC address`;
  return {
    text,
    kind: kind as Check['kind'],
    from: from!,
    address: address!,
    ...(mac && { mac: mac.toLowerCase() }),
    ...(seen && { seenOnlyBy: seen.split(/,? and |, ?| /).filter(Boolean) }),
  };
}

/** Finds out whether a check holds. */
export async function runCheck(check: Check, scene: Scene): Promise<Verdict> {
  const from = scene.guests.find((guest) => guest.name === check.from);
  if (!from) throw new LabError(`no namespace is called ${check.from}`);
  if (check.kind === 'has neighbour') return hasNeighbour(from, check.address, check.mac!);
  if (check.kind === 'does not reach') {
    const { sent, received, output } = await from.ping(check.address, { count: 3, intervalMs: 100, timeoutMs: 700 });
    // A guest without a route to the address shows nothing about the network.
    if (sent === 0) return { holds: false, because: `${from.name} could not send anything: ${output.trim()}` };
    return {
      holds: received === 0,
      because: received === 0 ? `no reply to ${sent}` : `${received} replies to ${sent}`,
    };
  }
  return check.seenOnlyBy
    ? seenOnlyBy(from, check.address, { only: check.seenOnlyBy, scene })
    : reaches(from, check.address);
}

/** Round trip times as people read them. */
export function describePing({ sent, received, rtts, output }: PingResult): string {
  if (sent === 0) return output;
  return received === 0 ? `no reply to ${sent}` : `${received} of ${sent}, ${rtts.map((rtt) => `${rtt}`).join(' ')} ms`;
}

/**
 * Pings while every other guest is captured. A guest of the sender's own network may see the sender's ARP; in a guest of
 * another one nothing of it may appear: no frame of or about the sender's MAC address, and no echo of this ping.
 */
export async function seenOnlyBy(
  from: Guest,
  address: string,
  { only, scene }: { only: readonly string[]; scene: Scene },
): Promise<Verdict & { ping: PingResult; seen: ReadonlyMap<string, readonly string[]> }> {
  const identifier = randomInt(1, 0xffff);
  const echo = `(icmp and icmp[4:2] = ${identifier})`;
  const mac = await macOf(from);
  const of = `ether host ${mac} or (arp and (${sameMac(8, mac)} or ${sameMac(18, mac)})) or ${echo}`;
  const home = scene.networkOf(from);
  const watched = scene.guests.filter((guest) => guest !== from);
  // What it knows already it would not ask for: the question is to be seen too.
  await from.forgetNeighbours();
  const captures = await Promise.all(
    watched.map((guest) => {
      const isNeighbour = home !== undefined && scene.networkOf(guest) === home;
      return guest.capture({ filter: isNeighbour || only.includes(guest.name) ? echo : of });
    }),
  );
  const ping = await from.ping(address, { identifier });
  const lines = await Promise.all(captures.map((capture) => capture.stop()));
  const seen = new Map(watched.map((guest, index) => [guest.name, lines[index]!]));
  const missing = only.filter((name) => !seen.get(name)?.length);
  const leaked = [...seen].filter(([name, frames]) => !only.includes(name) && frames.length > 0);
  const reasons = [
    describePing(ping),
    ...missing.map((name) => `${name} saw nothing of it`),
    ...leaked.map(([name, frames]) => `${name} saw ${frames.length} frames: ${frames[0]}`),
    ...(leaked.length === 0 ? ['the others saw 0 frames of it'] : []),
  ];
  const holds = allReplied(ping) && missing.length === 0 && leaked.length === 0;
  return { holds, because: reasons.join('; '), ping, seen };
}

export function allReplied({ sent, received }: PingResult): boolean {
  return received > 0 && received === sent;
}

async function reaches(from: Guest, address: string): Promise<Verdict> {
  let ping = await from.ping(address);
  // The switch may follow decisions for a second that it made before its flows were there. A ping takes as long.
  for (let tries = 1; tries < 3 && ping.received < ping.sent; tries++) ping = await from.ping(address);
  return { holds: allReplied(ping), because: describePing(ping) };
}

async function hasNeighbour(from: Guest, address: string, mac: string): Promise<Verdict> {
  const find = async () =>
    (await from.neighbours()).find((neighbour) => neighbour.address === address && neighbour.mac);
  let found = await find();
  if (!found) {
    await from.ping(address, { count: 1 });
    found = await find();
  }
  return { holds: found?.mac === mac, because: found ? `it is at ${found.mac}` : 'it is not in the table' };
}

async function macOf(guest: Guest): Promise<string> {
  const { stdout } = await guest.exec('cat', [`/sys/class/net/${guest.device}/address`]);
  return stdout.trim();
}

/** A comparison for a capture: six bytes of an ARP packet. */
function sameMac(offset: number, mac: string): string {
  const digits = mac.replaceAll(':', '');
  return `(arp[${offset}:4] = 0x${digits.slice(0, 8)} and arp[${offset + 4}:2] = 0x${digits.slice(8)})`;
}
