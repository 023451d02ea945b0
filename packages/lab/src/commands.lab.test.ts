import { randomInt } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FreshMachine } from './fresh-machine.ts';
import { experiments } from './index.ts';
import { isGone, processId, signal } from './processes.ts';
import { type Finished, run, start } from './run.ts';
import {
  type FreshLab,
  freshLab,
  killed,
  killedAt as killedAtText,
  startLab,
  vnctlOf,
  vnctlProgram,
  whatIsLeft,
} from './testing.ts';

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

describe('vnctl lab', () => {
  it('brings the three experiments up, where all their checks hold, and down', async () => {
    const up = await vnctl('lab', 'up');
    expect(up.stderr).toBe('');
    expect(up.stdout).toMatch(/bridge br0: made\n[\s\S]*21 objects made\nall of it is in effect\n/);
    const test = await vnctl('lab', 'test');
    expect(test.stdout).not.toContain('FAIL');
    expect(test).toMatchObject({ code: 0, stderr: '' });
    expect(test.stdout.match(/^ok/gm)).toHaveLength(10);
    expect((await vnctl('lab', 'exec', 'ns1', '--', 'ip', '-br', 'addr')).stdout).toContain('172.16.1.1/24');
    expect(await vnctl('lab', 'exec', 'ns1', 'sh', '-c', 'exit 7')).toMatchObject({ code: 7, stderr: '' });
    expect((await vnctl('lab', 'list')).stdout).toMatch(/program {4}ovs-vswitchd\n[\s\S]*namespace {2}ns6\n/);
    const again = await vnctl('lab', 'up');
    expect(again.stdout).toMatch(/6 there already\n[\s\S]*0 objects made, 21 were there\n/);
    const down = await vnctl('lab', 'down');
    expect(down).toMatchObject({ code: 0, stdout: expect.stringMatching(/nothing is left of the lab\n$/) });
    expect(await vnctl('lab', 'down')).toMatchObject({ code: 0, stdout: 'no lab is up\n' });
  });

  it('takes a changed file: the difference is in effect', async () => {
    const file = join(directory, 'lab.yaml');
    writeFileSync(file, readFileSync(experiments, 'utf8'));
    expect(await vnctl('lab', 'up', '-f', file)).toMatchObject({ code: 0, stderr: '' });
    writeFileSync(
      file,
      readFileSync(file, 'utf8')
        .replace(/^.*uuid: if-veth6,.*\n/m, '')
        .replace('172.16.2.4, mac', '172.16.2.5, mac'),
    );
    const { stdout, stderr } = await vnctl('lab', 'up', '-f', file);
    expect({ stdout, stderr }).toEqual({
      stdout: expect.stringMatching(
        /0 objects made, 1 made again, 1 removed, 19 were there\nall of it is in effect\n$/,
      ),
      stderr: '',
    });
    expect((await vnctl('interface', 'show', 'if-veth4')).stdout).toMatch(/172\.16\.2\.5/);
    expect((await vnctl('interface', 'show', 'if-veth6')).code).toBe(1);
  });

  it('leaves nothing behind when it was killed half way, and can go on', async () => {
    for (const moment of ['Open vSwitch: started', 'bridge br0: made', 'namespaces: ns1', 'topology:']) {
      await killedAt(moment);
      await vnctl('lab', 'down');
      expect(await whatIsLeft(machine, runDirectory), moment).toMatchObject({
        namespaces: '',
        devices: 'lo',
        programs: [],
      });
    }
    await killedAfter(800);
    expect(await vnctl('lab', 'up')).toMatchObject({ code: 0, stderr: '' });
    expect(await vnctl('lab', 'test')).toMatchObject({ code: 0 });
  });

  it('leaves nothing behind when it was killed at any moment, and its removal too', async () => {
    for (let round = 0; round < 8; round++) {
      const moments = [randomInt(150, 1600), randomInt(100, 500)] as const;
      await killedAfter(moments[0]);
      await killedAfter(moments[1], 'down');
      const down = await vnctl('lab', 'down');
      const left = { ...(await whatIsLeft(machine, runDirectory)), directory: existsSync(runDirectory) };
      expect(left, `killed after ${moments.join(' and ')} ms; ${down.stdout}${down.stderr}`).toMatchObject({
        ...{ namespaces: '', devices: 'lo', programs: [], directory: false },
      });
    }
  });

  it('leaves nothing behind after its switch crashed', async () => {
    await vnctl('lab', 'up');
    const { stdout } = await machine.run('cat', [join(runDirectory, 'openvswitch', 'ovs-vswitchd.pid')]);
    signal(processId(Number(stdout))!, 'SIGKILL');
    await vnctl('lab', 'down');
    expect(await whatIsLeft(machine, runDirectory)).toMatchObject({ namespaces: '', devices: 'lo', programs: [] });
  });

  it('leaves alone what it did not make', async () => {
    await machine.run('ip', ['netns', 'add', 'ns3']);
    const up = await vnctl('lab', 'up');
    expect(up).toMatchObject({ code: 1, stderr: expect.stringMatching(/^vnctl: namespace ns3 is there already/) });
    await vnctl('lab', 'down');
    expect((await whatIsLeft(machine, runDirectory)).namespaces).toBe('ns3\n');
    await machine.run('ip', ['netns', 'del', 'ns3']);
  });

  it('uses the Open vSwitch of the system where one runs, and removes only its own from it', async () => {
    const database = '/var/run/openvswitch';
    const env = { OVS_RUNDIR: database, OVS_LOGDIR: directory, OVS_DBDIR: directory };
    await machine.run('mkdir', [database]);
    const schema = '/usr/share/openvswitch/vswitch.ovsschema';
    await machine.run('ovsdb-tool', ['create', `${directory}/conf.db`, schema]);
    const common = ['--pidfile', '--detach', '--no-chdir', '-vconsole:off', '-vsyslog:off'];
    await machine.run('ovsdb-server', [`${directory}/conf.db`, `--remote=punix:${database}/db.sock`, ...common], {
      env,
    });
    await machine.run('ovs-vsctl', ['--no-wait', 'init'], { env });
    await machine.run('ovs-vswitchd', [`unix:${database}/db.sock`, ...common], { env });
    await machine.run('ovs-vsctl', ['add-br', 'mine', '--', 'set', 'bridge', 'mine', 'datapath_type=netdev'], { env });
    try {
      const up = await vnctl('lab', 'up');
      expect(up.stdout).toMatch(/^Open vSwitch: that of the system/);
      expect(up.code).toBe(0);
      expect(await vnctl('lab', 'test')).toMatchObject({ code: 0 });
      await vnctl('lab', 'down');
      expect((await machine.run('ovs-vsctl', ['list-br'], { env })).stdout).toBe('mine\n');
      await machine.run('ovs-vsctl', ['add-br', 'br0'], { env });
      const taken = await vnctl('lab', 'up');
      expect(taken.stderr).toMatch(/^vnctl: bridge br0 is there already and was not made by this lab/);
      await vnctl('lab', 'down');
      expect((await machine.run('ovs-vsctl', ['list-br'], { env })).stdout).toBe('br0\nmine\n');
    } finally {
      for (const [program, ...how] of [['ovs-vswitchd', '--cleanup'], ['ovsdb-server']]) {
        const { stdout } = await machine.run('cat', [`${database}/${program}.pid`]);
        const running = processId(Number(stdout))!;
        await machine.run('ovs-appctl', ['-t', program!, 'exit', ...how], { env });
        expect(await isGone(running, 5000)).toBe(true);
      }
    }
  });

  it('names a check that fails, and puts back what differs from the file', async () => {
    await vnctl('lab', 'up');
    const changed = readFileSync(experiments, 'utf8');
    const file = join(directory, 'other.yaml');
    writeFileSync(file, 'checks: [ns1 does not reach 172.16.1.2, ns2 reaches 172.16.1.1 seen only by ns6]\n');
    expect((await vnctl('lab', 'test', '--file', file)).stderr).toMatch(
      /^vnctl: lab file .*other.yaml, line 1: checks\[0\]: no namespace of the file is called ns1\n$/,
    );
    const wrong = '- ns1 does not reach 172.16.1.2\n  - ns2 reaches 172.16.1.1 seen only by ns6\n';
    writeFileSync(file, changed.replace(/^checks:[\s\S]*/m, `checks:\n  ${wrong}`));
    const test = await vnctl('lab', 'test', '--file', file);
    expect(test.stdout).toMatch(
      /^FAIL {2}ns1 does not reach 172.16.1.2 {2}\(3 replies to 3\)\nFAIL .*ns6 saw nothing of it; ns1 saw/,
    );
    expect(test).toMatchObject({ code: 1, stderr: 'vnctl: 2 of 2 checks failed\n' });
    writeFileSync(file, changed.replace('display_name: net3', 'display_name: other'));
    const inTheWay = await vnctl('lab', 'up', '--file', file);
    expect(inTheWay.stderr).toMatch(/^vnctl: a lab is up already, from .*experiments.yaml; end it first/);
    await vnctl('network', 'modify', 'nw-net3', '--display-name=other');
    // What differs from the file is put back.
    expect(await vnctl('lab', 'up')).toMatchObject({ code: 0, stderr: '' });
    expect((await vnctl('network', 'show', 'nw-net3')).stdout).toMatch(/^display_name +net3$/m);
  });
});

describe('npm run demo', () => {
  const demo = fileURLToPath(new URL('./demo/main.ts', import.meta.url));
  const play = (...args: string[]): Promise<Finished> => {
    const words = [demo, '--run-directory', runDirectory, ...args];
    return machine.run(process.execPath, words, { mayFail: true, timeoutMs: 60_000 });
  };

  it('shows that every expectation holds, and leaves nothing', async () => {
    const { code, stdout, stderr } = await play();
    expect(stdout).not.toContain('FAILS');
    expect(stdout).toMatch(/14 of 14 expectations hold/);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(await whatIsLeft(machine, runDirectory)).toMatchObject({ namespaces: '', devices: 'lo', programs: [] });
  });

  it('takes another port where the usual one is taken, and can leave everything up', async () => {
    const taken = `require('net').createServer().listen(9090, '127.0.0.1', () => console.log('up'))`;
    const [command, ...words] = machine.within;
    const other = start(command!, [...words, process.execPath, '-e', taken], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => other.stdout!.once('data', resolve));
    const { code, stdout } = await play('--keep');
    other.kill();
    expect(stdout).toMatch(/Port 9090 is taken/);
    expect(stdout).toMatch(/npx vnctl lab down/);
    expect(code).toBe(0);
    expect(await vnctl('lab', 'test')).toMatchObject({ code: 0 });
  });

  it('explains to who is not root what it would do and why that needs root', async () => {
    const words = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, demo];
    // Without a directory of its own to write to either.
    const { code, stdout, stderr } = await run('env', ['TMPDIR=/root', 'setpriv', ...words], { mayFail: true });
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(/three experiments[\s\S]*needs root: network namespaces[\s\S]*sudo npm run demo/);
    const up = await run('setpriv', [...words.slice(0, 4), vnctlProgram, 'lab', 'up'], { mayFail: true });
    expect(up).toMatchObject({ code: 1, stderr: expect.stringMatching(/^vnctl: lab up needs root: /) });
  });
});

/** Starts `lab up` and kills it as soon as it has said this. */
function killedAt(text: string): Promise<void> {
  return killedAtText(machine, ['up', '--run-directory', runDirectory], text);
}

async function killedAfter(milliseconds: number, command = 'up'): Promise<void> {
  const child = startLab(machine, [command, '--run-directory', runDirectory]);
  await sleep(milliseconds);
  await killed(child);
}
