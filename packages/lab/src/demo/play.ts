/** What the demos have in common. */
import type { Client } from '@openvnet/client';
import { type Kind, kinds, resourceOf } from '@openvnet/model';
import { allReplied, describePing, seenOnlyBy } from '../checks.ts';
import type { Guest, PingResult } from '../guest.ts';
import type { LabFile } from '../lab-file.ts';
import { patience } from '../patience.ts';
import { LabError } from '../run.ts';
import { guestOf, type Scene } from '../scene.ts';
import type { Stage } from './stage.ts';

export interface Play {
  readonly stage: Stage;
  readonly scene: Scene;
  readonly client: Client;
  readonly file: LabFile;
  readonly runDirectory: string;
}

/** Pings in one of several networks with the same addresses, and shows that nothing of it is seen in the others. */
export async function isolated(
  { stage, scene }: Play,
  { from, to, address, others }: { from: string; to: string; address: string; others: readonly string[] },
): Promise<void> {
  const { ping, seen } = await seenOnlyBy(guestOf(scene, from), address, { only: [to], scene });
  stage.show(`ip netns exec ${from} ${ping.command}`, ping.output);
  for (const [name, frames] of seen) {
    const first = frames.length > 0 ? `, the first: ${frames[0]}` : '';
    stage.say(`    captured in ${name}: ${frames.length} frames of it${first}`);
  }
  stage.expect(allReplied(ping), `${from} pings ${address}`, describePing(ping));
  const count = (name: string): number => seen.get(name)?.length ?? 0;
  stage.expect(count(to) > 0, `it is seen in ${to}`, `${count(to)} frames`);
  const outside = [...seen.keys()].filter((name) => name !== to);
  const frames = outside.reduce((sum, name) => sum + count(name), 0);
  stage.expect(
    frames === 0,
    `nothing of it, ARP included, is seen in ${others.join(', ')} or any other`,
    `${frames} frames`,
  );
}

export async function pinged(stage: Stage, from: Guest, address: string): Promise<PingResult> {
  const ping = await from.ping(address, { count: 4, intervalMs: 200 });
  stage.show(`ip netns exec ${from.name} ${ping.command}`, ping.output);
  return ping;
}

/** Waits until everything that is registered is in effect. */
export async function inEffect({ client, stage }: Play): Promise<void> {
  const begin = performance.now();
  for (const kind of kinds.filter((known) => !resourceOf(known).nested)) await allOf(client, kind);
  stage.say(`  all of it is in effect (${Math.round(performance.now() - begin)} ms after the last command)`);
}

async function allOf(client: Client, kind: Kind): Promise<void> {
  const { items } = await client.of(kind).list({ limit: 1000 });
  for (const { uuid } of items) {
    const status = await client.waitFor(kind, String(uuid), { seconds: 20 * patience });
    if (!status.realised) throw new LabError(`${uuid} is not in effect: ${status.waits_for.join('; ')}`);
  }
}
