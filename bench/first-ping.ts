/**
 * The first ping of a routed pair against that of a switched pair on a plain bridge that learns: both bridges in one
 * private switch with the userspace datapath, the guests in namespaces of their own. Every trial empties the neighbour
 * tables of the guests and the caches of the switch, so nothing is known to anybody but the flows.
 */
import { join } from 'node:path';
import type { Guest } from '../packages/lab/src/index.ts';
import { Lab, PrivateSwitch } from '../packages/lab/src/index.ts';
import { openStore } from '../packages/store/src/index.ts';
import { quiet } from './machine.ts';
import { ovn } from './ovn.ts';
import { Pings } from './pings.ts';
import { Program } from './programs.ts';
import { median, ratio, short, spread } from './statistics.ts';
import { printTable, verdict } from './table.ts';
import { throughput } from './throughput.ts';
import { dpid, node, register } from './topology.ts';

const trials = 30;
const barRatio = 1.5;
/** In the topology the guests 0 to 49 are in the first network, those from 50 on in the second. */
const [here, near, far] = [0, 1, 50];

export async function firstPing(): Promise<void> {
  if (process.getuid?.() !== 0) {
    console.log('first-ping needs root: it makes network namespaces. Skipped.');
    return;
  }
  await using vswitch = await PrivateSwitch.start();
  await vswitch.addBridge({ name: 'br0', datapathId: dpid });
  await vswitch.addBridge({ name: 'plain', failMode: 'standalone' });
  await using lab = await Lab.create(vswitch);
  const [a, b, c] = (await lab.namespaces([here, near, far].map(guestOf))) as [Guest, Guest, Guest];
  const [p, q] = (await lab.namespaces(['1', '2'].map(plainGuest))) as [Guest, Guest];
  await using _ = await startPrograms(vswitch);
  await reaches(a, addressOf(far));

  const pairs = [
    { name: 'switched, plain bridge', from: p, to: '192.168.9.2', ovn: undefined },
    { name: 'switched, here', from: a, to: addressOf(near), ovn: ovn.firstSwitchedPingMs },
    { name: 'routed, here', from: a, to: addressOf(far), ovn: ovn.firstRoutedPingMs },
  ];
  const pings = new Pings(vswitch, [a, b, c, p, q], pairs);
  await quiet();
  const before = await toAgent(vswitch);
  await pings.run(trials);
  const handed = (await toAgent(vswitch)) - before;

  const [plain, , routed] = pings.results as [PingTimes, PingTimes, PingTimes];
  const base = median(plain.first);
  printTable(
    `First ping with cold caches, ms: median of ${trials} (least to greatest); OVN: own run, same kind of machine`,
    [
      ['pair', 'first', 'to plain', 'second', 'to plain', 'RTT of 200', 'OVN, first'],
      ...pings.results.map(({ first, second, rtts }, i) => [
        pairs[i]!.name,
        spread(first),
        ratio(median(first), base),
        spread(second),
        ratio(median(second), median(plain.second)),
        short(median(rtts)),
        short(pairs[i]!.ovn),
      ]),
    ],
  );
  const times = median(routed.first) / base;
  printTable('Bars', [
    ['what', 'measured', 'bar'],
    ['first routed to first plain', short(times), verdict(times, barRatio, 'x')],
    ['second routed to second plain', ...following(routed, plain)],
    ['packets handed to the agent', handed, verdict(handed, 0, '')],
  ]);
  await throughput(pairs, [q, b, c]);
}

type PingTimes = Pings['results'][number];

function following(routed: PingTimes, plain: PingTimes): [string, string] {
  const times = median(routed.second) / median(plain.second);
  return [short(times), verdict(times, barRatio, 'x')];
}

/** Manager and agent, with the topology of two networks registered; in the end they go, the agent first. */
async function startPrograms(vswitch: PrivateSwitch): Promise<AsyncDisposableStack> {
  await using stack = new AsyncDisposableStack();
  const path = join(vswitch.runDirectory, 'store.db');
  {
    await using store = await openStore(path);
    await register(store, 100);
  }
  const manager = stack.use(new Program('vnmgr', ['--listen', '127.0.0.1:0', '--store', path]));
  const { url } = (await manager.said('serving')) as { url: string };
  const where = ['--manager', url, '--ovsdb', vswitch.ovsdb, '--openflow', '127.0.0.1:0'];
  stack.use(new Program('vna', [...where, '--state', join(vswitch.runDirectory, 'agent'), '--node-id', node]));
  return stack.move();
}

function guestOf(guest: number) {
  const network = Math.floor(guest / 50);
  const mac = `52:54:00:00:00:${guest.toString(16).padStart(2, '0')}`;
  const routes = [{ to: 'default', via: `10.0.${network}.254` }];
  return { name: `g${guest}`, bridge: 'br0', port: `if-g${guest}`, mac, addresses: [`${addressOf(guest)}/24`], routes };
}

function plainGuest(number: string) {
  return { name: `p${number}`, bridge: 'plain', port: `plain${number}`, addresses: [`192.168.9.${number}/24`] };
}

function addressOf(guest: number): string {
  return `10.0.${Math.floor(guest / 50)}.${(guest % 50) + 1}`;
}

/** Until the agent has everything in the switch. */
async function reaches(from: Guest, address: string): Promise<void> {
  for (let tries = 0; tries < 50; tries++) {
    const { received } = await from.ping(address, { count: 1, timeoutMs: 200 });
    if (received > 0) return;
  }
  throw new Error(`${from.name} does not reach ${address}`);
}

/** How many packets the flows of the bridge have handed to the agent. */
async function toAgent(vswitch: PrivateSwitch): Promise<number> {
  const dump = await vswitch.ofctl('dump-flows', 'br0');
  const counts = dump.split('\n').filter((line) => /actions=.*controller/i.test(line));
  return counts.reduce((sum, line) => sum + Number(/n_packets=(\d+)/.exec(line)?.[1] ?? 0), 0);
}
