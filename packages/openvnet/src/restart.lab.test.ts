import { once } from 'node:events';
import { patience } from '@openvnet/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReportHost, touched, until } from './testing.ts';

let host: ReportHost;
beforeAll(async () => {
  host = await ReportHost.start();
});
afterAll(() => host?.[Symbol.asyncDispose]());

/** Returns when so many more packets of the ping have been answered. */
type Answers = (count: number) => Promise<unknown>;

/** Packets that a routed ping of 100 Hz loses while `during` happens, and flows that are not what they were before. */
async function harm(during: (answers: Answers) => Promise<void>): Promise<{ lost: number; flows: string[] }> {
  const before = await host.arrivals();
  expect(before.size).toBeGreaterThan(60);
  const ping = host.ns(1).spawn('ping', ['-n', '-i', '0.01', '172.16.2.3'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  ping.stdout!.on('data', (text) => {
    output += String(text);
  });
  const over = once(ping, 'close');
  const numbers = (): number[] => [...output.matchAll(/icmp_seq=(\d+) .* time=/g)].map(([, number]) => Number(number));
  const answers: Answers = (count) => {
    const wanted = numbers().length + count;
    return until(async () => numbers().length >= wanted);
  };
  await answers(50);
  await during(answers);
  await answers(50);
  ping.kill('SIGINT');
  await over;
  // The last one may not have been answered yet: what comes before the last answer counts.
  const lost = Math.max(...numbers()) - new Set(numbers()).size;
  return { lost, flows: touched(before, await host.arrivals()) };
}

const none = { lost: 0, flows: [] };

describe('a routed ping of 100 Hz loses nothing, and no flow is touched', () => {
  it('when the agent is killed and started again', async () => {
    const outcome = await harm(async (answers) => {
      await host.kill9('agent');
      await answers(50);
      await host.run('agent');
      await host.settled();
    });
    expect(outcome).toEqual(none);
  });

  it('when the manager is killed and started again', async () => {
    const outcome = await harm(async (answers) => {
      await host.kill9('manager');
      await answers(50);
      await host.run('manager');
      await host.settled();
    });
    expect(outcome).toEqual(none);
  });

  it('when both are, the agent first', async () => {
    const outcome = await harm(async (answers) => {
      await Promise.all([host.kill9('agent'), host.kill9('manager')]);
      await host.run('agent');
      await answers(50);
      await host.run('manager');
      await host.settled();
    });
    expect(outcome).toEqual(none);
  });

  it('when the switch is sent to another controller and back', async () => {
    const outcome = await harm(async (answers) => {
      for (const port of [6634, 6633, 6634, 6633]) {
        await host.vswitch.vsctl('set-controller', 'br0', `tcp:127.0.0.1:${port}`);
        await answers(30);
      }
      await host.settled();
    });
    expect(outcome).toEqual(none);
  });
});

describe('what changed meanwhile', () => {
  it('is in the switch when the agent is back', async () => {
    await host.kill9('agent');
    await host.api('DELETE', '/interfaces/if-veth4');
    await host.run('agent');
    await host.settled();
    expect((await host.ns(1).ping('172.16.2.4', { count: 1, timeoutMs: 200 })).received).toBe(0);
    await host.kill9('agent');
    await host.registerGuest(4, 2, '172.16.2.4');
    await host.run('agent');
    await host.settled();
    expect((await host.ns(1).ping('172.16.2.4', { count: 1 })).received).toBe(1);
  });

  it('is served without the manager, by an agent that was started without it', async () => {
    await Promise.all([host.kill9('agent'), host.kill9('manager')]);
    await host.vswitch.deletePorts('if-veth2');
    await host.run('agent');
    await host.vswitch.addPort('br0', 'if-veth2');
    const ms = await until(async () => {
      // A guest whose question about its gateway was not answered waits for a second before it asks again.
      await host.ns(2).forgetNeighbours();
      return (await host.ns(2).ping('172.16.2.3', { count: 1, timeoutMs: 100 })).received === 1;
    });
    console.log(`a port that came without a manager forwards after ${ms.toFixed(0)} ms, start of the agent included`);
    await host.run('manager');
    await host.settled();
  });
});

describe('a switch that crashes', () => {
  it('forwards everything again within a second after it is back', async () => {
    const pairs = [
      [1, '172.16.1.2'],
      [1, '172.16.2.3'],
      [4, '172.16.1.1'],
      [5, '172.16.1.2'],
    ] as const;
    const rounds: number[] = [];
    for (let round = 0; round < 3; round++) {
      const before = new Set((await host.arrivals()).keys());
      await host.vswitch.kill9();
      // While its last thread ends, it is still in the way.
      const started = () => host.vswitch.restart().then(() => true);
      await until(() => started().catch((error: Error) => error.message));
      const ms = await until(async () => {
        const pings = pairs.map(([from, to]) => host.ns(from).ping(to, { count: 1, timeoutMs: 50 }));
        return (await Promise.all(pings)).every(({ received }) => received === 1);
      });
      console.log(`after a crash all forwards again ${ms.toFixed(0)} ms after the switch is back`);
      rounds.push(ms);
      await host.settled();
      expect(new Set((await host.arrivals()).keys())).toEqual(before);
    }
    // A guest that happened to ask for an address while the switch was away asks again only after a second.
    const [, median] = rounds.sort((a, b) => a - b);
    expect(median).toBeLessThan(1000 * patience);
  });
});
