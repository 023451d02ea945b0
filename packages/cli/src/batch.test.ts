/** Many commands, or a whole topology, from a file. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { json, type Run, registered, shell, vnctl } from './testing.ts';

beforeEach(shell.begin);
afterEach(shell.end);

describe('batch', () => {
  async function batch(text: string, options = ''): Promise<Run> {
    const file = join(shell.home, 'commands');
    writeFileSync(file, text);
    return vnctl(`batch ${file} ${options}`);
  }

  it('runs a file line by line, with each command before its output', async () => {
    const { code, out, err } = await batch(
      "# a network\n\n  networks add --uuid nw-a --ipv4-network 10.0.0.0 --display-name 'the first'  # here\nnetwork del nw-a\n",
    );
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^> networks add .*\nuuid +nw-a\n[\s\S]*the first[\s\S]*> network del nw-a\nnw-a deleted\n$/);
  });

  it('goes on after a failure and names the lines; with --stop it does not', async () => {
    const text = 'network del nw-none\nnetworks show "\n\nnetworks show\n';
    const went = await batch(text);
    expect(went).toMatchObject({ code: 1, out: expect.stringContaining('there are no networks') });
    expect(went.err).toMatch(/a quote " does not end\nvnctl: 2 of 3 commands failed: line 1, line 2\n$/);
    const stopped = await batch(text, '--stop');
    expect(stopped.out).toBe('> network del nw-none\n');
    expect(stopped.err).toMatch(/1 of 1 commands failed: line 1; the rest was not run\n$/);
    expect(await vnctl('batch /nowhere')).toMatchObject({ code: 2, err: expect.stringContaining('/nowhere: ENOENT') });
  });
});

describe('batch from standard input', () => {
  /** Runs the program itself with `text` on its standard input, for as long as the test is to answer meanwhile. */
  async function piped(text: string, ...options: string[]): Promise<Run> {
    const child = spawn(join(import.meta.dirname, '../bin/vnctl'), ['batch', ...options], {
      env: { PATH: process.env.PATH, HOME: shell.home, OPENVNET_API: shell.manager.url },
    });
    child.stdin.end(text);
    const [out, err, [code]] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'close')]);
    return { code: code as number, out, err };
  }
  const lines = '# first\r\n\n  network add --uuid nw-a --ipv4-network 10.0.0.0\nnetwork frob\n\nnetwork del nw-a';

  it('leaves out comments and empty lines, counts them, and goes on', { timeout: 30_000 }, async () => {
    const { code, out, err } = await piped(lines);
    expect(out).toMatch(/^> network add [^#]*> network frob\n> network del nw-a\nnw-a deleted\n$/);
    expect([code, err]).toEqual([
      1,
      "vnctl: unknown command 'frob'\nhint: Use: vnctl networks --help\nvnctl: 1 of 3 commands failed: line 4\n",
    ]);
  });

  it('ends at the first failure where it is told to; - is standard input too', { timeout: 30_000 }, async () => {
    const { code, out, err } = await piped(lines, '-', '--stop');
    expect(out).not.toContain('network del');
    expect([code, err]).toEqual([1, expect.stringMatching(/1 of 2 commands failed: line 4; the rest was not run\n$/)]);
    expect(await piped('')).toEqual({ code: 0, out: '', err: '' });
  });
});

describe('rename', () => {
  beforeEach(registered);

  it('gives an object of any kind another name, which may be options too', async () => {
    expect((await vnctl('network rename nw-net1 nw-blue -o name')).out).toBe('nw-blue\n');
    expect((await vnctl('datapaths rename dp-br0 --new-uuid dp-one -o name')).out).toBe('dp-one\n');
    expect((await vnctl('interfaces rename --uuid if-veth1 --new_uuid if-web -o name')).out).toBe('if-web\n');
    expect(await json('interface show if-web')).toMatchObject({ network_uuid: 'nw-blue' });
    expect(await vnctl('network rename nw-blue')).toMatchObject({
      code: 2,
      err: 'vnctl: two names are needed: vnctl networks rename UUID NEW_UUID\nhint: Use: vnctl networks rename --help\n',
    });
    expect(await vnctl('network rename nw-blue if-blue')).toMatchObject({ code: 1 });
  });
});

describe('a whole topology', () => {
  beforeEach(registered);

  it('is exported, compared and applied', async () => {
    const { out: exported } = await vnctl('export');
    const file = join(shell.home, 'topology.yaml');
    writeFileSync(file, exported);
    expect(await vnctl(`diff -f ${file} --delete`)).toMatchObject({
      code: 0,
      out: expect.stringContaining('nothing to do'),
    });
    writeFileSync(file, exported.replace('display_name: net1', 'display_name: other'));
    const line = '~ networks nw-net1  display_name net1 → other\n';
    expect(await vnctl(`diff --file=${file}`)).toEqual({
      code: 5,
      out: `${line}1 change, none of them made\n`,
      err: '',
    });
    expect(await vnctl(`apply -f ${file} --dry-run`)).toMatchObject({ code: 5 });
    expect(await vnctl(`apply -f ${file}`)).toEqual({ code: 0, out: `${line}1 change\n`, err: '' });
    expect(await vnctl(`apply -f ${file}`)).toMatchObject({ code: 0, out: expect.stringContaining('nothing to do') });
    expect(parse((await vnctl('export')).out)).toEqual(
      parse(exported.replace('display_name: net1', 'display_name: other')),
    );
  });

  it('that cannot be read or is refused changes nothing', async () => {
    const file = join(shell.home, 'topology.yaml');
    writeFileSync(file, 'networks: [');
    expect(await vnctl(`apply -f ${file}`)).toMatchObject({ code: 2, err: expect.stringContaining('topology.yaml: ') });
    writeFileSync(file, 'networks: [{ uuid: nw-b }]');
    const refused = { code: 1, err: 'vnctl: networks nw-b: ipv4_network is missing\n' };
    expect(await vnctl(`apply -f ${file}`)).toMatchObject(refused);
    expect(await vnctl('apply')).toMatchObject({ code: 2 });
  });

  it('shows what cannot be changed as made again, which apply does with --replace', async () => {
    const file = join(shell.home, 'topology.yaml');
    writeFileSync(file, (await vnctl('export')).out.replace('mode: virtual', 'mode: internal'));
    const shown = await vnctl(`diff -f ${file}`);
    expect(shown.code).toBe(5);
    expect(shown.out).toMatch(/^± networks nw-net1 {2}mode virtual → internal\n/);
    expect(shown.out).toMatch(
      /\n\d objects marked ± would be deleted and made again: apply does that with --replace\n/,
    );
    expect(await vnctl(`apply -f ${file}`)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/apply -f FILE --replace\n$/),
    });
    expect((await vnctl(`apply -f ${file} --replace`)).code).toBe(0);
    expect(await vnctl(`diff -f ${file} --delete`)).toMatchObject({ code: 0 });
  });

  it('is waited for, and what is not in effect is said object by object', async () => {
    const file = join(shell.home, 'topology.yaml');
    writeFileSync(file, (await vnctl('export')).out);
    const { code, err } = await vnctl(`apply -f ${file} --wait 0`);
    expect(code).toBe(4);
    expect(err).toMatch(/^if-veth1: it waits for: .*\n/m);
    expect(err).toMatch(/vnctl: \d objects of .* not in effect after 0 s\n$/);
    writeFileSync(file, '{}');
    expect(await vnctl(`apply -f ${file} --wait`)).toMatchObject({ code: 0, err: '' });
  });

  it('may be the topology section of a lab file', async () => {
    const file = join(import.meta.dirname, '../../lab/experiments.yaml');
    await vnctl('interfaces del if-veth1');
    await vnctl('datapaths del dp-br0');
    await vnctl('networks del nw-net1');
    expect(await vnctl(`apply -f ${file}`)).toMatchObject({ code: 0, err: '' });
    expect(await vnctl(`diff -f ${file} --delete`)).toMatchObject({ code: 0, err: '' });
  });
});
