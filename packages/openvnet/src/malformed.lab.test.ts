import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Guest } from '@openvnet/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stage, stage } from './testing-services.ts';

const program = fileURLToPath(new URL('./testing-malformed.py', import.meta.url));

let scene: Stage;
let [sender, client, far]: Guest[] = [];
const directory = mkdtempSync(join(tmpdir(), 'openvnet-malformed-'));
const script = join(directory, 'told');

/** Guest 1 sends what it should not; guest 2 wants its lease, names and a way to guest 3, in another network. */
beforeAll(async () => {
  writeFileSync(script, '#!/bin/sh\necho "$1 $ip"\n');
  chmodSync(script, 0o755);
  scene = await stage(3, ['dhcp', 'dns']);
  [sender, client, far] = scene.guests as [Guest, Guest, Guest];
  await scene.post('ip_leases', { interface_uuid: 'if-3', network_uuid: 'nw-2', ipv4_address: '10.0.2.3' });
  await scene.settled();
  await sender!.exec('ip', ['addr', 'add', '10.0.1.1/24', 'dev', 'eth0']);
  await client!.exec('ip', ['addr', 'add', '10.0.1.2/24', 'dev', 'eth0']);
  await client!.exec('ip', ['route', 'add', '10.0.2.0/24', 'via', '10.0.1.254']);
  await far!.exec('ip', ['addr', 'add', '10.0.2.3/24', 'dev', 'eth0']);
  await far!.exec('ip', ['route', 'add', '10.0.1.0/24', 'via', '10.0.2.254']);
  // Both ends take what is giant.
  await sender!.exec('ip', ['link', 'set', 'eth0', 'mtu', '9000']);
  await scene.vswitch.vsctl('set', 'Interface', sender!.port, 'mtu_request=9000');
});
afterAll(async () => {
  await scene?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

/** What the other guest gets of what it asks for. */
async function served(): Promise<object> {
  const lease = ['-i', 'eth0', '-f', '-q', '-n', '-t', '3', '-T', '1', '-s', script];
  const { stdout: told } = await client!.exec('udhcpc', lease, { mayFail: true });
  const ask = ['+short', '+timeout=2', '+tries=2', '@10.0.1.253', '3.net1'];
  const [udp, tcp] = await Promise.all([
    client!.exec('dig', ask, { mayFail: true }),
    client!.exec('dig', ['+tcp', ...ask], { mayFail: true }),
  ]);
  const { received } = await client!.ping('10.0.2.3', { count: 2 });
  // A query that is answered at the second attempt has a line about the first.
  const [answer] = udp.stdout.trim().split('\n').slice(-1);
  return { lease: told.trim().split('\n').at(-1), udp: answer, tcp: tcp.stdout.trim(), received };
}

const all = { lease: 'bound 10.0.1.2', udp: '10.0.1.3', tcp: '10.0.1.3', received: 2 };

/** Sends from the first guest, and asks as the second as long as that takes. */
async function whileSending(...args: string[]): Promise<{ sent: Record<string, unknown>; meanwhile: object[] }> {
  let done = false;
  const sending = sender!.exec('python3', [program, 'eth0', '1', ...args]).finally(() => {
    done = true;
  });
  const meanwhile: object[] = [];
  do meanwhile.push(await served());
  while (!done);
  return { sent: JSON.parse((await sending).stdout), meanwhile };
}

describe('a guest that sends what is malformed', () => {
  it('does not keep others from being served, and the agent counts what it could not read', async () => {
    const { packetIns } = scene.agent.switches;
    const [connection] = scene.agent.switches.served().map((each) => each.connection);
    expect(await served()).toEqual(all);
    const { sent, meanwhile } = await whileSending('all');
    for (const each of meanwhile) expect(each).toEqual(all);
    expect(await served()).toEqual(all);
    // The connection to the switch is the same, and nothing was worth a warning.
    expect(scene.agent.switches.served().map((each) => each.connection)).toEqual([connection]);
    expect(scene.complaints).toEqual([]);
    const frames = Object.values(sent as Record<string, [taken: number, refused: number]>);
    expect(frames.every(([taken]) => taken > 0)).toBe(true);
    expect(frames.reduce((sum, [taken]) => sum + taken, 0)).toBeGreaterThan(500);
    const counted = (what: string): number => packetIns.counts.get(what) ?? 0;
    expect(counted('dhcp malformed')).toBeGreaterThan(100);
    expect(counted('dns malformed')).toBeGreaterThan(40);
    expect(counted('dns_tcp malformed')).toBeGreaterThan(0);
  });

  it('does not starve another port by a flood of 10,000 requests in a second, nor make the agent grow', async () => {
    const { packetIns } = scene.agent.switches;
    const before = { answered: packetIns.answered, limited: packetIns.limited, heap: process.memoryUsage().heapUsed };
    const { sent, meanwhile } = await whileSending('flood', '10000');
    expect(sent).toMatchObject({ sent: 10_000 });
    expect(sent.seconds).toBeLessThan(3);
    for (const each of meanwhile) expect(each).toEqual(all);
    expect(scene.complaints).toEqual([]);
    // The switch keeps most of it to itself, and the agent does not answer all of the rest.
    const [answered, limited] = [packetIns.answered - before.answered, packetIns.limited - before.limited];
    expect(answered + limited).toBeLessThan(3000);
    expect(limited).toBeGreaterThan(0);
    expect(process.memoryUsage().heapUsed - before.heap).toBeLessThan(30e6);
  });
});
