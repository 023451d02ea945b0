/** How each check of a lab file is found out. */
import { randomInt } from 'node:crypto';
import type { Check } from './check-text.ts';
import type { Guest, PingResult } from './guest.ts';
import { connects, doesNotConnect, gets, resolves } from './probes.ts';
import { guestOf, type Scene, type Verdict } from './scene.ts';

/** Finds out whether a check holds. */
export async function runCheck(check: Check, scene: Scene): Promise<Verdict> {
  return kinds[check.kind](check, guestOf(scene, check.from), scene);
}

const kinds: Readonly<Record<Check['kind'], (check: Check, from: Guest, scene: Scene) => Promise<Verdict>>> = {
  reaches: (check, from, scene) => {
    if (check.transport) return connects(check, { from, scene });
    return check.seenOnlyBy
      ? reachesUnseen(from, check.address, { only: check.seenOnlyBy, scene })
      : reaches(from, check.address);
  },
  'does not reach': async (check, from, scene) =>
    check.transport ? doesNotConnect(check, { from, scene }) : doesNotReach(from, check.address),
  'has neighbour': (check, from) => hasNeighbour(from, check.address, check.mac!),
  gets: (check, from) => gets(from, check.address),
  resolves: (check, from) => resolves(from, { name: check.name!, server: check.server!, address: check.address }),
};

async function doesNotReach(from: Guest, address: string): Promise<Verdict> {
  const { sent, received, output } = await from.ping(address, { count: 3, intervalMs: 100, timeoutMs: 700 });
  // A guest without a route to the address shows nothing about the network.
  if (sent === 0) return { holds: false, because: `${from.name} could not send anything: ${output.trim()}` };
  return { holds: received === 0, because: received === 0 ? `no reply to ${sent}` : `${received} replies to ${sent}` };
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
  const mac = await from.mac();
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

/** What is seen by others is a failure, whatever is replied later. */
async function reachesUnseen(
  from: Guest,
  address: string,
  how: { only: readonly string[]; scene: Scene },
): Promise<Verdict> {
  const leaked = ({ seen }: { seen: ReadonlyMap<string, readonly string[]> }): boolean =>
    [...seen].some(([name, frames]) => !how.only.includes(name) && frames.length > 0);
  let found = await seenOnlyBy(from, address, how);
  for (let tries = 1; tries < 3 && !allReplied(found.ping) && !leaked(found); tries++)
    found = await seenOnlyBy(from, address, how);
  return { holds: found.holds, because: found.because };
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

/** A comparison for a capture: six bytes of an ARP packet. */
function sameMac(offset: number, mac: string): string {
  const digits = mac.replaceAll(':', '');
  return `(arp[${offset}:4] = 0x${digits.slice(0, 8)} and arp[${offset + 4}:2] = 0x${digits.slice(8)})`;
}
