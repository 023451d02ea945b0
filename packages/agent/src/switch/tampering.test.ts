import { setTimeout as sleep } from 'node:timers/promises';
import { cookieOf, tableNumbers } from '@openvnet/compiler';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fieldReport } from '../testing/field-report.ts';
import { Host, textOf, until } from '../testing/host.ts';

/** As the changelog says it. */
const mendedWithinMs = 2000;
/** What the machine may take for itself while other tests run. */
const slackMs = 1000;

let host: Host;
let wanted: string[];
let metersWanted: string;
beforeAll(async () => {
  host = await Host.start();
  await fieldReport(host);
  wanted = (await host.flows()).map(textOf);
  metersWanted = await meters();
  expect(host.served?.monitored).toBe(true);
}, 30_000);
afterAll(() => host[Symbol.asyncDispose]());

const ofctl = (...args: string[]): Promise<string> => host.vswitch.ofctl('-O', 'OpenFlow13', ...args);
const vsctl = (...args: string[]): Promise<string> => host.vswitch.vsctl(...args);
const meters = (): Promise<string> => ofctl('dump-meters', 'br0').then(sorted);
/** In any order, and without the number of the request. */
const sorted = (text: string): string => (text.match(/^meter=.*\n.*/gm) ?? []).sort().join();

/** What is not as it should be; true where all is. */
async function asWanted(): Promise<true | string> {
  const now = (await host.flows()).map(textOf);
  const odd = [...now.filter((flow) => !wanted.includes(flow)), ...wanted.filter((flow) => !now.includes(flow))];
  if (odd.length > 0) return `flows: ${odd}`;
  if ((await meters()) !== metersWanted) return 'meters';
  if (/group_id/.test(await ofctl('dump-groups', 'br0'))) return 'groups';
  if ((await ofctl('get-frags', 'br0')) !== 'nx-match') return 'fragments';
  if ((await vsctl('get-fail-mode', 'br0')) !== 'secure') return 'fail mode';
  const inBand = await vsctl('get', 'Bridge', 'br0', 'other_config:disable-in-band');
  return inBand.includes('true') || 'in-band control';
}

const learned = cookieOf(0xff, 1).toString();
const kinds: readonly [string, () => Promise<unknown>][] = [
  ['a flow that is added', () => ofctl('add-flow', 'br0', 'table=0,priority=9999,actions=drop')],
  ['a flow of a table that nobody uses', () => ofctl('add-flow', 'br0', 'table=77,actions=NORMAL')],
  ['flows that are deleted', () => ofctl('del-flows', 'br0', 'table=0')],
  ['all flows deleted', () => ofctl('del-flows', 'br0')],
  ['flows that are changed, as many as before', () => ofctl('mod-flows', 'br0', 'table=0,actions=drop')],
  [
    'one added and one deleted at once',
    async () => {
      const [first] = (await host.flows()).filter(({ key }) => key.charCodeAt(0) === tableNumbers.forward);
      expect(first).toBeDefined();
      await ofctl('--bundle', 'add-flow', 'br0', 'table=0,priority=777,actions=NORMAL');
      await ofctl('del-flows', 'br0', `table=${tableNumbers.forward},cookie=0x${cookieIn(first!.body)}/-1`);
    },
  ],
  [
    'a flow with the cookie of learned ones, where flows are learned',
    () => ofctl('add-flow', 'br0', `table=${tableNumbers.learned},cookie=${learned},actions=NORMAL`),
  ],
  [
    'a flow with the cookie of learned ones elsewhere',
    () => ofctl('add-flow', 'br0', `table=0,priority=9,cookie=${learned},actions=NORMAL`),
  ],
  ['meters that are deleted', () => ofctl('del-meters', 'br0')],
  [
    'a meter that is changed',
    () => ofctl('mod-meter', 'br0', 'meter=3,pktps,burst,band=type=drop,rate=9,burst_size=9'),
  ],
  [
    'groups that are added and deleted with what uses them',
    async () => {
      await ofctl('add-group', 'br0', 'group_id=3,type=all,bucket=output:1');
      await ofctl('mod-flows', 'br0', 'table=0,actions=group:3');
      await ofctl('del-groups', 'br0');
    },
  ],
  ['a group that is added', () => ofctl('add-group', 'br0', 'group_id=4,type=all,bucket=output:1')],
  ['fragments that are dropped', () => ofctl('set-frags', 'br0', 'drop')],
  ['in-band control', () => vsctl('set', 'Bridge', 'br0', 'other_config:disable-in-band=false')],
  ['a fail mode', () => vsctl('set-fail-mode', 'br0', 'standalone')],
  ['a controller that is taken away', () => vsctl('del-controller', 'br0')],
  ['a controller that is set', () => vsctl('set-controller', 'br0', 'tcp:127.0.0.1:9')],
];

describe('what another program changes in a switch', () => {
  it.each(kinds)('is put back within 2 s: %s', async (_, change) => {
    await change();
    const took = await until(asWanted, { timeoutMs: mendedWithinMs + slackMs });
    expect(took).toBeLessThan(mendedWithinMs + slackMs);
    await host.settled();
  });

  it('is said in status', async () => {
    await ofctl('del-flows', 'br0');
    await until(asWanted);
    await host.settled();
    const [bridge] = host.agent.switches.report();
    expect(bridge?.tampered?.what.join(', ')).toMatch(/flows, .*meters/);
  });

  it('leaves the agent at rest: nothing is read back or logged again and again', async () => {
    await ofctl('add-flow', 'br0', `table=${tableNumbers.learned},cookie=${learned},actions=NORMAL`);
    await until(asWanted);
    await sleep(2500);
    const changes = host.served?.tampered?.changes;
    const said = host.complaints.length;
    const { connection } = host.served!;
    let dumps = 0;
    const dump = connection!.dumpFlows.bind(connection);
    connection!.dumpFlows = (...args) => {
      dumps++;
      return dump(...args);
    };
    await sleep(5000);
    expect(dumps).toBeLessThan(2);
    expect(host.served?.tampered?.changes).toBe(changes);
    expect(host.complaints.slice(said).filter((line) => !line.includes('were reverted'))).toEqual([]);
  }, 15_000);
});

function cookieIn(body: string): string {
  return Buffer.from(body.slice(0, 8), 'latin1').toString('hex');
}
