/** One guest sends what the switch itself answers, as fast as it can; another lives beside it. */
import { once } from 'node:events';
import { join } from 'node:path';
import { type Guest, patience } from '@openvnet/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stage, stage } from './testing-services.ts';

const program = join(import.meta.dirname, 'testing-frames.py');
/** Requests of a port that the switch answers each second, and at once. */
const repliesPerSecond = 300;
const mostSeconds = 60 * patience;
let scene: Stage;

beforeAll(async () => {
  scene = await stage(2, ['dns']);
  for (const [i, guest] of scene.guests.entries())
    await guest.exec('ip', ['addr', 'add', `10.0.1.${i + 1}/24`, 'dev', 'eth0']);
});

afterAll(async () => {
  await scene?.[Symbol.asyncDispose]();
});

const gateway = '5254000001fe';
const one = '525400000101';
const floods = {
  'ARP requests': `ffffffffffff${one}08060001080006040001${one}0a0001010000000000000a0001fe`,
  'echo requests': `${gateway}${one}08004500002c00000000400163d30a0001010a0001fe0800f7fd0001000100000000000000000000000000000000`,
};

async function received(guest: Guest): Promise<number> {
  const { stdout } = await guest.exec('cat', ['/sys/class/net/eth0/statistics/rx_packets']);
  return Number(stdout);
}

/** Packets that did not reach the switch daemon, because its queue was full. */
async function lost(): Promise<number> {
  return Number(/ lost:(\d+)/.exec(await scene.vswitch.appctl('dpctl/show'))![1]);
}

describe('a guest that floods', () => {
  it.each(Object.entries(floods))('with %s is answered up to its limit, and others always', async (_, frame) => {
    const [busy, other] = scene.guests as [Guest, Guest];
    expect(await other.ping('10.0.1.254', { count: 1 })).toMatchObject({ received: 1 });
    const before = { received: await received(busy), lost: await lost(), at: performance.now() };
    const flood = busy.spawn('python3', [program, 'eth0', 'flood', frame, `${mostSeconds}`, '50000'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    try {
      // Until the limit has been reached.
      await scene.until(async () => (await received(busy)) - before.received > repliesPerSecond);
      const { received: pings } = await other.ping('10.0.1.254', { count: 10 });
      const { stdout } = await other.exec('dig', ['+short', '+timeout=5', '+tries=1', '@10.0.1.253', '1.net1']);
      expect({ pings, name: stdout.trim() }).toEqual({ pings: 10, name: '10.0.1.1' });
      // The gateway is asked for by ARP once more.
      await other.exec('ip', ['neigh', 'flush', 'dev', 'eth0']);
      await scene.until(async () => (await other.ping('10.0.1.254', { count: 1 })).received === 1);
    } finally {
      flood.kill('SIGTERM');
      await once(flood, 'exit');
    }
    const seconds = (performance.now() - before.at) / 1000;
    const answered = (await received(busy)) - before.received;
    expect(answered).toBeLessThan(1.2 * repliesPerSecond * (seconds + 1));
    expect((await lost()) - before.lost).toBe(0);
  });
});
