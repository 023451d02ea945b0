import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Check, Lab, LabError, PrivateSwitch, parseCheck, runCheck } from './index.ts';
import { processId } from './processes.ts';
import { run } from './run.ts';

const plain = { name: 'br0', failMode: 'standalone' } as const;

describe('a private switch', () => {
  it('forwards between guests, and nothing of it is left at the end', async () => {
    let directory = '';
    let namespaces: string[] = [];
    {
      await using vswitch = await PrivateSwitch.start();
      directory = vswitch.runDirectory;
      await vswitch.addBridge({ ...plain, datapathId: '0x2fdee8e0a44' });
      expect(await vswitch.vsctl('get', 'Bridge', 'br0', 'datapath_id')).toBe('"000002fdee8e0a44"');
      await using lab = await Lab.create(vswitch);
      const [one, two] = await lab.namespaces([
        { name: 'one', bridge: 'br0', port: 'if-one', mac: '52:54:00:00:00:01', addresses: ['10.0.0.1/24'] },
        { name: 'two', bridge: 'br0', port: 'if-two', mac: '52:54:00:00:00:02', addresses: ['10.0.0.2/24'] },
      ]);
      const capture = await two!.capture({ filter: 'icmp or arp' });
      const ping = await one!.ping('10.0.0.2', { count: 2, intervalMs: 10 });
      expect(ping).toMatchObject({ sent: 2, received: 2 });
      expect(ping.rtts).toHaveLength(2);
      const lines = await capture.stop();
      expect(lines.filter((line) => line.includes('echo request'))).toHaveLength(2);
      expect(lines.filter((line) => line.includes('who-has 10.0.0.2'))).toHaveLength(1);
      expect(await one!.neighbours()).toMatchObject([{ address: '10.0.0.2', mac: '52:54:00:00:00:02' }]);
      expect(await vswitch.portNumber('if-one')).toBeGreaterThan(0);
      namespaces = [vswitch.namespace!, one!.namespace, two!.namespace];
      expect(readdirSync('/run/netns')).toEqual(expect.arrayContaining(namespaces));
    }
    expect(existsSync(directory)).toBe(false);
    expect(readdirSync('/run/netns').filter((name) => namespaces.includes(name))).toEqual([]);
  });

  it('has checks, which hold only where something was sent', async () => {
    await using vswitch = await PrivateSwitch.start();
    await vswitch.addBridge(plain);
    await using lab = await Lab.create(vswitch);
    const guest = await lab.namespace({ name: 'a', bridge: 'br0', addresses: ['10.0.0.1/24'] });
    const check = (text: string) =>
      runCheck(parseCheck(text) as Check, { guests: [guest], networkOf: () => undefined });
    expect(await check('a does not reach 10.0.0.2')).toMatchObject({ holds: true });
    expect(await check('a does not reach 192.0.2.1')).toEqual({
      holds: false,
      because: expect.stringMatching(/^a could not send anything: .*unreachable/),
    });
  });

  it('has checks for TCP, UDP, DHCP and DNS, which fail where the opposite is so', async () => {
    await using vswitch = await PrivateSwitch.start();
    await vswitch.addBridge(plain);
    await using lab = await Lab.create(vswitch);
    await lab.namespaces([
      { name: 'a', bridge: 'br0', addresses: ['10.0.0.1/24'] },
      { name: 'b', bridge: 'br0', addresses: ['10.0.0.2/24'] },
    ]);
    const check = async (text: string) => {
      const { holds, because } = await runCheck(parseCheck(text) as Check, {
        guests: lab.guests,
        networkOf: () => undefined,
      });
      return `${holds}: ${because}`;
    };
    for (const protocol of ['tcp/80', 'udp/53']) {
      expect(await check(`a reaches 10.0.0.2 ${protocol}`)).toBe('true: b answered');
      expect(await check(`a does not reach 10.0.0.2 ${protocol}`)).toBe('false: b answered');
      expect(await check(`a does not reach 192.0.2.1 ${protocol} at b`)).toMatch(
        /^false: a could not send anything: no route to 192\.0\.2\.1$/,
      );
      // Nobody has the address, and b, which has another one, is not asked.
      expect(await check(`a reaches 10.0.0.9 ${protocol} at b`)).toMatch(/^false: no answer of b/);
      expect(await check(`a does not reach 10.0.0.9 ${protocol} at b`)).toMatch(
        /^true: no answer to [1-9]\d* packets$/,
      );
    }
    await expect(check('a reaches 10.0.0.9 tcp/80')).rejects.toThrow(
      'no namespace has the address 10.0.0.9; say which one answers: at NAME',
    );
    expect(await check('a gets nothing by dhcp')).toMatch(/^true: no offer to [1-9] requests$/);
    expect(await check('a gets 10.0.0.1 by dhcp')).toMatch(/^false: no offer to [1-9] requests$/);
    expect(await check('a resolves b.net by 10.0.0.2 to nothing')).toMatch(/^false: no answer: ECONNREFUSED$/);
  });

  it('stands beside another one, with the same names', async () => {
    await using first = await PrivateSwitch.start();
    await using second = await PrivateSwitch.start();
    for (const vswitch of [first, second]) await vswitch.addBridge(plain);
    await using here = await Lab.create(first);
    await using there = await Lab.create(second);
    for (const lab of [here, there]) {
      await lab.namespace({ name: 'a', bridge: 'br0', port: 'if-a', addresses: ['10.0.0.1/24'] });
      const b = await lab.namespace({ name: 'b', bridge: 'br0', port: 'if-b', addresses: ['10.0.0.2/24'] });
      expect(await b.ping('10.0.0.1', { count: 1 })).toMatchObject({ received: 1 });
    }
  });

  it('forwards again after a crash and a restart', async () => {
    await using vswitch = await PrivateSwitch.start();
    await vswitch.addBridge(plain);
    await using lab = await Lab.create(vswitch);
    const a = await lab.namespace({ name: 'a', bridge: 'br0', addresses: ['10.0.0.1/24'] });
    await lab.namespace({ name: 'b', bridge: 'br0', addresses: ['10.0.0.2/24'] });
    await vswitch.kill9();
    expect(vswitch.pid()).toBeUndefined();
    expect(await a.ping('10.0.0.2', { count: 1, timeoutMs: 200 })).toMatchObject({ received: 0 });
    await vswitch.restart();
    await vswitch.restart('ovsdb-server');
    expect(await a.ping('10.0.0.2', { count: 3 })).toMatchObject({ received: 3 });
  });

  it('carries TCP, which offloaded checksums would stall', async () => {
    await using vswitch = await PrivateSwitch.start();
    await vswitch.addBridge(plain);
    await using lab = await Lab.create(vswitch);
    const a = await lab.namespace({ name: 'a', bridge: 'br0', addresses: ['10.0.0.1/24'] });
    const b = await lab.namespace({ name: 'b', bridge: 'br0', addresses: ['10.0.0.2/24'] });
    const program = (text: string): string[] => ['-e', text];
    const server = a.spawn(
      process.execPath,
      program(`require('net').createServer((c) => c.end('hello')).listen(80, () => console.log('up'))`),
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await new Promise((resolve) => server.stdout!.once('data', resolve));
    const client = program(`require('net').connect(80, '10.0.0.1').on('data', (d) => console.log(String(d)))`);
    expect((await b.exec(process.execPath, client, { timeoutMs: 5000 })).stdout).toBe('hello\n');
    server.kill();
  });

  it('says which namespace is in the way, and leaves it there', async () => {
    await run('ip', ['netns', 'add', 'vnlabtest-mine']);
    try {
      await using vswitch = await PrivateSwitch.start();
      await vswitch.addBridge(plain);
      await using lab = await Lab.create(vswitch, { prefix: 'vnlabtest-' });
      await expect(lab.namespace({ name: 'mine', bridge: 'br0' })).rejects.toThrow(
        /namespace vnlabtest-mine is there already/,
      );
      await expect(lab.namespace({ name: 'far-too-long-a-name', bridge: 'br0' })).rejects.toThrow(LabError);
    } finally {
      expect(existsSync('/run/netns/vnlabtest-mine')).toBe(true);
      await run('ip', ['netns', 'del', 'vnlabtest-mine']);
    }
  });

  it('needs no privilege where ports are simulated', async () => {
    await using vswitch = await PrivateSwitch.start({ dummy: true });
    await vswitch.addBridge({ name: 'br0' });
    await vswitch.addPort('br0', 'p1', { ofportRequest: 7 });
    await vswitch.addPort('br0', 'p2');
    expect(await vswitch.portNumber('p1')).toBe(7);
    await vswitch.ofctl('add-flow', 'br0', 'in_port=7,actions=drop');
    expect(await vswitch.flows('br0')).toEqual(['in_port=7 actions=drop']);
    await vswitch.inject('p1', 'ffffffffffff5254000000010800');
  });
});

describe('what a process leaves that was killed', () => {
  it('is removed by the next one', async () => {
    const script = `import { PrivateSwitch, Lab } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
      const vswitch = await PrivateSwitch.start();
      await vswitch.addBridge({ name: 'br0' });
      const lab = await Lab.create(vswitch, { prefix: 'vnkilled-' });
      await lab.namespace({ name: 'a', bridge: 'br0' });
      console.log(vswitch.runDirectory, vswitch.namespace, vswitch.pid());
      process.kill(process.pid, 'SIGKILL');`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { mayFail: true });
    const [directory, namespace, pid] = stdout.trim().split(' ');
    expect(existsSync(directory!)).toBe(true);
    expect(existsSync('/run/netns/vnkilled-a')).toBe(true);
    await using next = await PrivateSwitch.start({ dummy: true });
    expect(next.pid()).toBeDefined();
    expect(existsSync(directory!)).toBe(false);
    expect(existsSync('/run/netns/vnkilled-a')).toBe(false);
    expect(existsSync(`/run/netns/${namespace}`)).toBe(false);
    expect(processId(Number(pid))).toBeUndefined();
  });

  it('is nothing where a signal ended it', async () => {
    const script = `import { PrivateSwitch } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
      const vswitch = await PrivateSwitch.start();
      console.log(vswitch.runDirectory, vswitch.namespace, vswitch.pid());
      process.kill(process.pid, 'SIGTERM');
      await new Promise((resolve) => setTimeout(resolve, 5000));`;
    const { stdout, code } = await run(process.execPath, ['--input-type=module', '-e', script], { mayFail: true });
    const [directory, namespace, pid] = stdout.trim().split(' ');
    expect(code).toBe(143);
    for (const path of [directory!, `/run/netns/${namespace}`]) expect(existsSync(path)).toBe(false);
    expect(processId(Number(pid))).toBeUndefined();
  });
});
