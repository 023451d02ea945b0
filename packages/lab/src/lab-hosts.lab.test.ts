import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Guest, LabHosts, patience } from './index.ts';
import { run } from './run.ts';

const before = { namespaces: '', devices: '' };
let net: LabHosts;
let one: Guest;
let two: Guest;

async function present() {
  const { stdout: namespaces } = await run('ip', ['netns']);
  const { stdout: links } = await run('ip', ['-br', 'link']);
  return {
    namespaces,
    devices: links
      .split('\n')
      .map((line) => line.split(/[ @]/)[0])
      .sort()
      .join(),
  };
}

beforeAll(async () => {
  Object.assign(before, await present());
  net = await LabHosts.start({ hosts: 3, underlays: 2, uplinks: { h3: { eth1: 'wan' } } });
  await net.api('POST', '/networks', { uuid: 'nw-a', ipv4_network: '10.0.0.0' });
  for (const n of [1, 2]) {
    const mac_address = `52:54:00:00:00:0${n}`;
    await net.api('POST', '/interfaces', {
      uuid: `if-vm${n}`,
      network_uuid: 'nw-a',
      ipv4_address: `10.0.0.${n}`,
      mac_address,
    });
  }
  const guest = (n: number) => ({ name: `vm${n}`, mac: `52:54:00:00:00:0${n}`, addresses: [`10.0.0.${n}/24`] });
  one = await net.guest('h1', guest(1));
  two = await net.guest('h1', guest(2));
  await net.settled();
}, 120_000 * patience);

afterAll(async () => {
  const { directory } = net.ledger;
  await net[Symbol.asyncDispose]();
  expect(await present()).toEqual(before);
  expect(readdirSync('/run').map((name) => `/run/${name}`)).not.toContain(directory);
});

describe('hosts for tests', () => {
  it('have an agent each, which reaches the manager by its own address', async () => {
    const { agents, datapaths } = await net.client.status();
    expect(agents.map(({ node, connected }) => [node, connected]).sort()).toEqual([
      ['h1', true],
      ['h2', true],
      ['h3', true],
    ]);
    expect(datapaths.flatMap(({ uuid }) => uuid ?? []).sort()).toEqual(['dp-h1', 'dp-h2', 'dp-h3']);
    const port = new URL(net.url).port;
    const { stdout } = await net.host('h2').exec('ss', ['-Htn', 'state', 'established', `dport = :${port}`]);
    expect(stdout).toContain(` ${net.host('h2').addresses[0]}:`);
    expect(await one.ping('10.0.0.2')).toMatchObject({ sent: 3, received: 3 });
  });

  it('reach each other through routers, until they are cut off or packets are lost', async () => {
    const [from, to] = [net.host('h1'), net.host('h2').addresses[0]!];
    const received = async (count: number): Promise<number> => {
      const { stdout } = await from.exec('ping', ['-qc', `${count}`, '-i', '0.02', '-W', '0.5', to], { mayFail: true });
      return Number(/(\d+) received/.exec(stdout)?.[1]);
    };
    expect(await received(3)).toBe(3);
    const capture = await net.underlay('rack2').capture({ filter: `icmp and dst host ${to}` });
    expect(await received(2)).toBe(2);
    expect(await capture.stop()).toHaveLength(2);
    for (const owner of ['h2', 'core', 'h1']) {
      await net.cut(owner);
      expect(await received(2), owner).toBe(0);
      await net.join(owner);
      expect(await received(3), owner).toBe(3);
    }
    await net.lose('h2', 50);
    const some = await received(100);
    expect(some).toBeGreaterThan(5);
    expect(some).toBeLessThan(60);
    await net.lose('h2', 0);
    expect(await received(20)).toBe(20);
  });

  it('have their addresses again after vswitchd was killed, and the agent after it was', async () => {
    const host = net.host('h1');
    await host.vswitch.kill9();
    await host.restartSwitch();
    await host.agent.kill9();
    expect(host.agent.isRunning).toBe(false);
    await net.startAgent('h1');
    await net.settled();
    expect((await net.host('h3').exec('ping', ['-c1', '-W2', host.addresses[0]!])).code).toBe(0);
    await net.manager.kill9();
    await net.startManager();
    await net.settled();
  });

  it('exchange a guest, which keeps its addresses and connections', async () => {
    const server = `require('node:net').createServer((s) => s.pipe(s)).listen(7, '10.0.0.2', () => console.log('up'))`;
    const echo = two.spawn(process.execPath, ['-e', server], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => echo.stdout!.once('data', resolve));
    const client = `const s = require('node:net').connect(7, '10.0.0.2', () => { s.write('a'); });
      let n = 0; s.on('data', () => { console.log(++n); setTimeout(() => s.write('a'), 20); });`;
    const stream = one.spawn(process.execPath, ['-e', client], { stdio: ['ignore', 'pipe', 'inherit'] });
    let answers = 0;
    stream.stdout!.on('data', (chunk: Buffer) => (answers += chunk.toString().split('\n').length - 1));
    await expect.poll(() => answers, { timeout: 5000 }).toBeGreaterThan(5);
    for (const host of ['h2', 'h1']) {
      await net.move(two, host, { overlapMs: 200 });
      expect(net.hostOf(two).name).toBe(host);
      const ports = (await net.host('h2').vswitch.vsctl('list-ports', 'br0')).split('\n');
      expect(ports.includes('if-vm2')).toBe(host === 'h2');
    }
    const { stdout } = await two.exec('ip', ['-br', 'addr', 'show', 'dev', 'eth0']);
    expect(stdout).toMatch(/UP +10\.0\.0\.2\/24/);
    await net.settled();
    const then = answers;
    await expect.poll(() => answers, { timeout: 20_000 }).toBeGreaterThan(then + 5);
    stream.kill();
    echo.kill();
    await sleep(50);
  });
});
