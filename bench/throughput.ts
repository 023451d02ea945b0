import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Guest, LabError } from '../packages/lab/src/index.ts';
import { ovn } from './ovn.ts';
import type { Pair } from './pings.ts';
import { median, ratio, spread } from './statistics.ts';
import { printTable } from './table.ts';

const rounds = 5;
const seconds = 2;

/** TCP between the pairs by iperf3, turn by turn; `servers` are the guests that the pairs lead to. */
export async function throughput(pairs: readonly Pair[], servers: readonly Guest[]): Promise<void> {
  const missing = await servers[0]!.exec('iperf3', ['--version']).then(() => false, isMissing);
  if (missing) {
    console.log('\nTCP throughput is left out: iperf3 is not installed (Debian, Ubuntu: apt-get install iperf3).');
    return;
  }
  const measured: number[][] = pairs.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [at, pair] of pairs.entries()) measured[at]!.push(await megabits(pair, servers[at]!));
  }
  const base = median(measured[0]!);
  const others = ['-', ovn.switchedMbps, ovn.routedMbps];
  printTable(`TCP, Mbit/s: median of ${rounds} times ${seconds} s (least to greatest)`, [
    ['pair', 'Mbit/s', 'to plain', 'OVN'],
    ...pairs.map(({ name }, at) => [
      name,
      spread(measured[at]!),
      ratio(median(measured[at]!), base),
      others[at] ?? '-',
    ]),
  ]);
}

async function megabits({ from, to }: Pair, server: Guest): Promise<number> {
  const listening = server.spawn('iperf3', ['-s', '-1'], { stdio: 'ignore' });
  const over = once(listening, 'exit');
  try {
    await sleep(200);
    const { stdout } = await from.exec('iperf3', ['-J', '-t', String(seconds), '-c', to]);
    const { end } = JSON.parse(stdout) as { end: { sum_received: { bits_per_second: number } } };
    return end.sum_received.bits_per_second / 1e6;
  } finally {
    listening.kill();
    await over;
  }
}

function isMissing(error: unknown): boolean {
  if (error instanceof LabError) return true;
  throw error;
}
