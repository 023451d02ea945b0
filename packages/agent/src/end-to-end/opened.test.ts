/** Another program takes the flows of a served bridge away and makes it a learning switch. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { calls, ordered } from '../testing/field-report.ts';
import { Host, until } from '../testing/host.ts';
import { address, echo, Wires } from '../testing/wires.ts';

let host: Host;
let wires: Wires;
beforeEach(async () => {
  host = await Host.start();
  wires = new Wires(host);
  await host.addBridge();
  for (const n of [1, 2, 3, 4, 5, 6]) await wires.plug(`if-veth${n}`, n);
  await host.startAgent();
  for (const call of ordered(calls)) await call.run(host);
  await host.settled();
}, 20_000);
afterEach(() => host[Symbol.asyncDispose]());

const guest = (n: number) => ({ mac: 0x525400_0d8400 + n, ip: address(`172.16.${n < 3 ? 1 : 2}.${n}`) });

/** Who hears an echo request that guest 1 sends to guest 2. */
const heard = async (): Promise<string[]> => Object.keys(await wires.send('if-veth1', echo(guest(1), guest(2))));
const vsctl = (...args: string[]): Promise<string> => host.vswitch.vsctl(...args);
const flowsOf = (): Promise<string> => host.vswitch.ofctl('-O', 'OpenFlow13', 'dump-flows', 'br0');
const areIsolated = async (): Promise<boolean> =>
  (await vsctl('--columns=name', '--bare', 'find', 'port', 'trunks!=4095')) === '';

/** The ways in which one transaction opens a bridge. */
const openings: readonly [string, (h: Host) => Promise<unknown>, readonly string[]][] = [
  ['its fail mode is set', async () => {}, ['set-fail-mode', 'br0', 'standalone']],
  [
    'its fail mode is set and its controller deleted',
    async (h) => {
      await h.setController();
      // The flows are flushed a moment later, and put back.
      await sleep(500);
      await until(async () => (await heard())[0] === 'if-veth2');
    },
    ['set-fail-mode', 'br0', 'standalone', '--', 'del-controller', 'br0'],
  ],
];

describe.each(openings)('a served bridge whose flows go since %s', (_, prepare, opens) => {
  beforeEach(() => prepare(host));

  it('passes nothing while the agent is away, and is closed and said when that is back', async () => {
    await host.stopAgent();
    expect(await heard()).toEqual(['if-veth2']);
    await vsctl(...opens);
    await until(async () => /NORMAL/.test(await flowsOf()));
    expect(await heard()).toEqual([]);
    await host.startAgent();
    await until(async () => (await vsctl('get-fail-mode', 'br0')) === 'secure');
    await host.settled({ complete: false });
    expect(await heard()).toEqual(['if-veth2']);
    await until(async () => {
      const { status } = await host.api('GET', '/datapaths/dp-br0');
      return /^another program has changed .*fail mode standalone.* of br0 .*last \d+ s ago/.test(status.notes.join());
    });
  }, 30_000);

  it('passes no frame to a wrong guest while the agent mends it', async () => {
    const stop = new AbortController();
    const wrong = new Set<string>();
    const sending = (async () => {
      while (!stop.signal.aborted) for (const port of await heard()) if (port !== 'if-veth2') wrong.add(port);
    })();
    for (let i = 0; i < 3; i++) {
      await vsctl(...opens);
      await until(async () => (await vsctl('get-fail-mode', 'br0')) === 'secure');
      await prepare(host);
      await sleep(300);
    }
    stop.abort();
    await sending;
    expect([...wrong]).toEqual([]);
    await until(async () => (await heard())[0] === 'if-veth2');
  }, 30_000);
});

describe('the ports of a served bridge are isolated', () => {
  it('also those that come later, and those that another program opens', async () => {
    await until(areIsolated);
    await host.addPort('late', 7);
    await until(areIsolated);
    await vsctl('set', 'port', 'late', 'trunks=[]');
    await until(areIsolated);
  }, 20_000);

  it('until its datapath is deleted: then the printed command opens it', async () => {
    await host.api('DELETE', '/datapaths/dp-br0');
    await host.closes('br0');
    expect(await heard()).toEqual([]);
    await vsctl('set-fail-mode', 'br0', 'standalone');
    await until(async () => (await heard()).length === 5);
  }, 20_000);

  it('until its datapath is deleted with release', async () => {
    await host.api('DELETE', '/datapaths/dp-br0?release=true');
    await until(async () => (await heard()).length === 5);
  }, 20_000);
});
