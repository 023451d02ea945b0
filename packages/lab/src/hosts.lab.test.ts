import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FreshMachine } from './fresh-machine.ts';
import { hosts } from './index.ts';
import { patience } from './patience.ts';
import type { Finished } from './run.ts';
import { type FreshLab, freshLab, killedAt, vnctlOf, whatIsLeft } from './testing.ts';

let lab: FreshLab;
let machine: FreshMachine;
let directory: string;
let runDirectory: string;

beforeEach(async () => {
  lab = await freshLab();
  ({ machine, directory, runDirectory } = lab);
});

afterEach(() => lab[Symbol.asyncDispose]());

function vnctl(...args: string[]): Promise<Finished> {
  return vnctlOf(machine, runDirectory, args);
}

describe('a lab of several hosts', { timeout: 180_000 * patience }, () => {
  it('has an agent on each host, and guests there; its checks hold', async () => {
    const up = await vnctl('lab', 'up', '-f', hosts);
    expect(up).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/all of it is in effect\n$/) });
    const { stdout: status } = await vnctl('status');
    for (const host of ['h1', 'h2', 'h3']) {
      expect(status).toMatch(new RegExp(`^  ${host} +\\S+ +\\d+ +\\S+ +connected`, 'm'));
      expect(status).toMatch(new RegExp(`^  dp-${host} .* br0 +${host} +198\\.18\\.\\S+ +unix:`, 'm'));
    }
    const test = await vnctl('lab', 'test');
    expect(test.stdout).not.toContain('FAIL');
    expect(test).toMatchObject({ code: 0, stderr: '' });
    // By the router, with the MTU of the underlay and not a byte more.
    const ping = (size: number) =>
      vnctl('lab', 'exec', 'h1', '--', 'ping', '-c1', '-W1', '-Mdo', `-s${size}`, '198.18.2.3');
    expect(await ping(1600 - 28)).toMatchObject({ code: 0 });
    expect((await ping(1601 - 28)).code).not.toBe(0);
    const { stdout: shown } = await vnctl('lab', 'exec', 'h3', '--', 'ovs-vsctl', 'list-ports', 'br0');
    // With the tunnels' port of the agent.
    expect(shown).toBe('eth1\ngreen3\nred3\nvn-geneve\n');
    const again = await vnctl('lab', 'up', '-f', hosts);
    expect(again.stdout).toMatch(/0 objects made, \d+ were there\n/);
    expect(again.stdout).not.toContain(': made');
    expect((await vnctl('lab', 'exec', 'h4', 'true')).stderr).toMatch(
      /no namespace of the lab is called h4; there are red1, .*www, h1, h2, h3, core, rack1, rack2, wan\n$/,
    );
  });

  it('cuts hosts off, loses packets, and moves guests', async () => {
    expect(await vnctl('lab', 'up', '-f', hosts)).toMatchObject({ code: 0, stderr: '' });
    const reaches = async (host: string) =>
      (await vnctl('lab', 'exec', 'h1', '--', 'ping', '-c2', '-i0.2', '-W1', host)).code === 0;
    expect((await vnctl('lab', 'cut', 'h3')).stdout).toBe('h3: cut from rack2\nh3: cut from wan\n');
    expect(await reaches('198.18.2.3')).toBe(false);
    expect((await vnctl('lab', 'join', 'h3', '--underlay', 'rack2')).stdout).toBe('h3: joined to rack2\n');
    expect(await reaches('198.18.2.3')).toBe(true);
    expect((await vnctl('lab', 'loss', 'h2', '100')).stdout).toMatch(
      /^h2: 100 % of the packets from and to rack1 are lost \((netem|nftables)\)\n$/,
    );
    expect(await reaches('198.18.1.2')).toBe(false);
    await vnctl('lab', 'loss', 'h2', '0');
    expect(await reaches('198.18.1.2')).toBe(true);

    expect((await vnctl('lab', 'move', 'red2', 'h1')).stdout).toBe('red2: moved from h2 to h1\n');
    expect((await vnctl('lab', 'move', 'red2', 'h1')).stderr).toBe('vnctl: red2 is on h1 already\n');
    expect(await vnctl('lab', 'up', '-f', hosts)).toMatchObject({ code: 0, stderr: '' });
    expect((await vnctl('lab', 'exec', 'red1', '--', 'ping', '-c3', '10.0.1.2')).stdout).toMatch(/ [123] received/);
    expect((await vnctl('lab', 'move', 'red2', 'h2', '--overlap', '0')).stdout).toBe('red2: moved from h1 to h2\n');

    for (const [words, complaint] of [
      [['cut', 'h9'], 'no host, router or station of the lab is called h9; there are core, manager, h1, h2, h3, www'],
      [['join', 'h1', '--underlay', 'wan'], 'h1 is not in underlay wan; it is in rack1'],
      [['loss', 'h1', '101'], '101: expected a percentage from 0 to 100'],
      [
        ['move', 'www', 'h1'],
        'no guest of the lab is called www; there are red1, red2, red3, blue1, blue2, green1, green3',
      ],
      [['move', 'red1', 'core'], 'no host of the lab is called core; there are h1, h2, h3'],
    ] as const) {
      expect((await vnctl('lab', ...words)).stderr).toBe(`vnctl: ${complaint}\n`);
    }
  });

  it('leaves nothing behind when it was killed half way, and can go on', async () => {
    for (const moment of ['underlays:', 'router core', 'host h2', 'namespaces: www', 'topology:']) {
      await killedAt(machine, ['up', '--run-directory', runDirectory, '-f', hosts], moment);
      if (moment === 'host h2') {
        expect(await vnctl('lab', 'up', '-f', hosts)).toMatchObject({ code: 0, stderr: '' });
        expect(await vnctl('lab', 'test')).toMatchObject({ code: 0 });
      }
      await vnctl('lab', 'down');
      const left = await whatIsLeft(machine, runDirectory);
      expect(left, moment).toMatchObject({ namespaces: '', devices: 'lo', programs: [] });
    }
  });

  it('takes no manager that the hosts could not reach', async () => {
    const file = join(directory, 'one.yaml');
    writeFileSync(file, readFileSync(hosts, 'utf8').replace('rack1: 198.18.1.250', 'rack1: 198.18.1.251'));
    const other = join(directory, 'other');
    const start = (...args: string[]) => vnctlOf(machine, other, args);
    expect(await start('lab', 'up')).toMatchObject({ code: 0 });
    const up = await vnctl('lab', 'up', '-f', file);
    expect(up.stderr).toMatch(
      /^vnctl: the manager at http:\/\/127\.0\.0\.1:9090 does not serve 198\.18\.1\.251:9090, where the hosts of the lab look for it\. End it, or use: vnmgr --listen 127\.0\.0\.1:9090,198\.18\.1\.251:9090 --insecure\n$/,
    );
    await start('lab', 'down');
  });
});

describe('npm run demo -- hosts', { timeout: 180_000 * patience }, () => {
  const demo = fileURLToPath(new URL('./demo/main.ts', import.meta.url));

  it('shows that every expectation holds, and leaves nothing', async () => {
    const words = [demo, 'hosts', '--run-directory', runDirectory];
    const { code, stdout, stderr } = await machine.run(process.execPath, words, { mayFail: true, timeoutMs: 120_000 });
    expect(stdout).not.toContain('FAILS');
    expect(stdout).toMatch(/24 of 24 expectations hold/);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(await whatIsLeft(machine, runDirectory)).toMatchObject({ namespaces: '', devices: 'lo', programs: [] });
  });

  it('is one of several', async () => {
    const other = await machine.run(process.execPath, [demo, 'host'], { mayFail: true });
    expect(other).toMatchObject({
      code: 2,
      stdout: '',
      stderr: 'demo: no demo is called host; there are experiments, hosts\n',
    });
  });
});
