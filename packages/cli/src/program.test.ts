import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { json, registered, setup, shell, vnctl } from './testing.ts';

beforeEach(shell.begin);
afterEach(shell.end);

describe('the commands of 2013', () => {
  it('work as they were written', async () => {
    await registered();
    const gateway = 'interface add --uuid=if-gw --mode=simulated --network-uuid=nw-net1 --ipv4-address=172.16.1.254';
    expect(await vnctl(`${gateway} --mac-address=52:54:00:74:00:00`)).toMatchObject({ code: 0, err: '' });
    const service = 'network_service add --uuid=ns-gw --interface-uuid=if-gw --display-name=router';
    expect(await vnctl(service)).toMatchObject({ code: 0, err: '' });
    const link = 'route_link add --uuid=rl-vnetlink1 --mac-address=52:54:00:60:11:11';
    expect(await vnctl(link)).toMatchObject({ code: 0, err: '' });
    expect(await json('datapath show dp-br0')).toMatchObject({ dpid: '0x000002fdee8e0a44' });
    expect(await json('network show nw-net1')).toMatchObject({ mode: 'virtual', ipv4_prefix: 24 });
    expect(await json('network_service show ns-gw')).toMatchObject({ mode: 'router' });
    expect(await json('interface show if-veth1')).toMatchObject({ mode: 'vif', ipv4_address: '172.16.1.1' });
  });

  it('are told of a parameter that means nothing any more', async () => {
    const { err } = await vnctl(setup[0]!);
    expect(err).toBe('vnctl: note: --dc-segment-id has no meaning any more and is ignored\n');
    const flag = await vnctl('datapath modify --is-connected dp-br0 --display-name=new');
    expect(flag).toMatchObject({ code: 0, err: expect.stringContaining('--is-connected has no meaning any more') });
  });
});

describe('a command line', () => {
  beforeEach(registered);

  it('may be spelled in many ways', async () => {
    for (const line of [
      'network-services show',
      'network_service list',
      'interfaces show if-veth1',
      'interf sh if-veth1',
      'datapath network show dp-br0',
      'networks show --limit=1 --offset 0',
      'network modify nw-net1 --message because --display_name another',
      'network modify nw-net1 --display_name other',
    ]) {
      expect(await vnctl(line), line).toMatchObject({ code: 0, err: '' });
    }
    expect(await json('network show nw-net1')).toMatchObject({ display_name: 'other' });
  });

  it('takes flags with and without a value', async () => {
    for (const [flag, expected] of [
      ['--enable-routing', true],
      ['--no-enable-routing', false],
      ['--enable_routing true', true],
      ['--enable-routing=false', false],
      ['--enable-routing', true],
      ['--skip-enable-routing', false],
    ] as const) {
      expect(await json(`interface modify ${flag} if-veth1`), flag).toMatchObject({ enable_routing: expected });
    }
  });

  it('names the word that is wrong, and the nearest right one', async () => {
    for (const [line, complaint] of [
      ['netwrks show', "unknown command 'netwrks'; did you mean networks?"],
      ['network ad', ''],
      ['network frob', "unknown command 'frob'"],
      ['net show', 'net can mean networks or network_services: use a longer name'],
      ['network add --ipv4-netwrk 1', "unknown option '--ipv4-netwrk'; did you mean --ipv4-network?"],
      ['network add', '--ipv4-network ADDRESS is missing: '],
      ['network add --ipv4-network=1.0.0.0 --ipv4-prefix=x', '--ipv4-prefix "x": expected a number'],
      ['network show --limit=-1', '--limit "-1": expected a number'],
      ['network modify nw-net1 --ipv4-prefix=25', '--ipv4-prefix cannot be changed'],
      ['network del', "missing required argument 'uuid'"],
      ['network show -o xml', '--output "xml": expected one of table, wide, name, json, yaml, yml'],
    ] as const) {
      const { code, err } = await vnctl(line);
      expect(code, line).toBe(2);
      expect(err, line).toContain(complaint && `vnctl: ${complaint}`);
      const hint = err ? [expect.stringMatching(/^hint: Use: vnctl (networks? .*)?--help$/)] : [];
      expect(err.trim().split('\n').slice(1), line).toEqual(hint);
    }
    expect((await json('networks show')).total_count).toBe(1);
  });

  it('gets help at every level', async () => {
    const all = await vnctl('--help');
    expect(all.code).toBe(0);
    for (const word of ['network_services', 'status', 'lab', 'Exit codes:']) expect(all.out).toContain(word);
    for (const line of ['help network add', 'network help add', 'network add --help', 'net-works add -h']) {
      const { code, out } = await vnctl(line.replace('net-works', 'networks'));
      expect(code, line).toBe(0);
      expect(out, line).toContain('--ipv4-network <ADDRESS>');
      expect(out, line).not.toContain('--editable');
    }
    expect((await vnctl('help datapath networks add')).out).toContain('<datapath_uuid>');
  });
});

describe('the exit code', () => {
  it('is 4 where something is not in effect in time, with what it waits for', async () => {
    await registered();
    const { code, out, err } = await vnctl('network modify nw-net1 --display-name=x --wait=0 -o json');
    expect(code).toBe(4);
    expect(JSON.parse(out)).toMatchObject({ display_name: 'x' });
    expect(err).toMatch(/^vnctl: nw-net1 is not in effect after 0 s; it waits for: \S/);
  });

  it('is 1 where the API refuses, in the words of the original and with a hint', async () => {
    const { code, err } = await vnctl('network add --ipv4-network=1.2.3');
    expect(code).toBe(1);
    expect(err).toMatch(/^vnctl: Could not parse IPv4 address: 1\.2\.3\nhint: ipv4_network: expected .*\n$/);
    const enumerated = await vnctl('network add --ipv4-network=10.0.0.0 --mode=blue');
    expect(enumerated.err).toBe(
      'vnctl: parameter validation failed: mode "blue"\nhint: mode: expected one of physical, virtual, internal. Use: vnctl networks add --help\n',
    );
  });

  it('comes with the refusal as the API wrote it where a program reads', async () => {
    const { code, out, err } = await vnctl('network show nw-none nw-nil -o json');
    expect([code, err.split('\n').length]).toEqual([1, 5]);
    const [first, second] = out.split(/(?<=^\})\n(?=\{)/m).map((text) => JSON.parse(text));
    const refusal = { error: 'Vnet::Endpoints::Errors::UnknownUUIDResource', code: '100', hint: expect.any(String) };
    expect([first, second]).toEqual([
      { ...refusal, message: 'Network#uuid: nw-nil' },
      { ...refusal, message: 'Network#uuid: nw-none' },
    ]);
  });

  it('is 3 where there is no API', async () => {
    const { url } = shell.manager;
    await shell.manager.close();
    const vnmgr = fileURLToPath(import.meta.resolve('../../manager/bin/vnmgr'));
    expect(await vnctl('status', { OPENVNET_API: url })).toMatchObject({
      code: 3,
      err: `vnctl: cannot reach ${url}: connection refused (is vnmgr or openvnet running?)\nhint: Start it, or say where it runs: --api URL, OPENVNET_API or vnctl.yaml. Use: ${vnmgr}\n`,
    });
  });
});

it('shows its version', async () => {
  expect(await vnctl('--version')).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: '' });
});

describe('settings', () => {
  const settings = (text: string): void => {
    mkdirSync(join(shell.home, '.config', 'openvnet'), { recursive: true });
    writeFileSync(join(shell.home, '.config', 'openvnet', 'vnctl.yaml'), text);
  };

  it('come from the flag, then the environment, then a file', async () => {
    settings(`api: ${shell.manager.url}\noutput: json\n`);
    expect(JSON.parse((await vnctl('network show', {})).out)).toMatchObject({ total_count: 0 });
    expect(await vnctl('network show -o table', {})).toMatchObject({ out: 'there are no networks\n' });
    const nowhere = 'http://127.0.0.1:9';
    expect((await vnctl('network show', { OPENVNET_API: nowhere })).code).toBe(3);
    expect((await vnctl(`network show --api ${shell.manager.url}`, { OPENVNET_API: nowhere })).code).toBe(0);
    expect((await vnctl(`--api=${shell.manager.url} network show`, { OPENVNET_API: nowhere })).code).toBe(0);
    expect((await vnctl('network show', { VNET_WEBAPI: shell.manager.url.replace('http://', '') })).code).toBe(0);
  });

  it('of the original are read, and give its YAML', async () => {
    const [, address] = shell.manager.url.split('//');
    const [uri, port] = address!.split(':');
    const ruby = `# where the API is\nwebapi_protocol "http"\nwebapi_uri '${uri}'\nwebapi_port "${port}" # usual\n`;
    writeFileSync(join(shell.home, '.vnctl.conf'), ruby);
    expect(await vnctl('networks add --uuid nw-a --ipv4-network 10.0.0.0', {})).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^---\n:id: 1\n:uuid: nw-a\n[\s\S]*:created_at: [\d-]+ [\d:]+\.000000000 Z$/m),
    });
    expect((await vnctl('networks show', {})).out).toMatch(
      /^---\ntotal_count: 1\noffset: 0\nlimit: 1\n:items:\n- :id: 1\n/,
    );
    expect((await vnctl('networks show nw-none', {})).out).toMatch(
      /^---\n:error: Vnet.*\n:message: 'Network#uuid: nw-none'\n:code: '100'\n/,
    );
    expect((await vnctl('networks show -o yaml', {})).out).toMatch(/^total_count: 1\n/);
    expect((await vnctl('networks del nw-a', {})).out).toBe('---\n- nw-a\n');
    writeFileSync(join(shell.home, '.vnctlrc'), `${ruby}output_format "json"\n`);
    expect(JSON.parse((await vnctl('networks show', {})).out)).toMatchObject({ total_count: 0 });
    writeFileSync(join(shell.home, '.vnctlrc'), `${ruby}output_format "xml"\n`);
    const wrong = `vnctl: ${join(shell.home, '.vnctlrc')}: output_format "xml": expected one of yml, json\nhint: Use: vnctl networks show --help\n`;
    expect(await vnctl('networks show', {})).toMatchObject({ code: 2, err: wrong });
    writeFileSync(join(shell.home, '.vnctlrc'), 'webapi_prt "1"\n');
    expect((await vnctl('networks show', {})).err).toContain(
      '.vnctlrc, line 1: unknown setting webapi_prt; there are webapi_',
    );
  });

  it('in a file that are wrong are named with the file', async () => {
    settings('apy: x\n');
    const { code, err } = await vnctl('network show', {});
    expect(code).toBe(2);
    expect(err).toMatch(/vnctl\.yaml: unknown setting apy; there are api, output/);
  });
});

describe('completion', () => {
  beforeEach(registered);
  const complete = async (words: string): Promise<string[]> =>
    (await vnctl(`complete -- ${words}`)).out.split('\n').slice(0, -1);

  it('knows commands, options and uuids', async () => {
    expect(await complete('net')).toEqual(['networks', 'network_services']);
    expect(await complete('networks s')).toEqual(['show']);
    expect(await complete('networks add --ipv4')).toEqual(['--ipv4-network', '--ipv4-prefix']);
    expect(await complete('network show nw')).toEqual(['nw-net1']);
    expect(await complete('trace --from if-')).toEqual(['if-veth1']);
    expect(await complete('flows zz-')).toEqual([]);
    expect(await complete('interfaces add --mode sim')).toEqual(['simulated']);
    expect(await complete('interfaces add --mode=h')).toEqual(['--mode=host']);
    expect(await complete('interfaces add --mode = h')).toEqual(['host']);
    expect(await complete('interfaces add --enable-routing --network-uuid nw-')).toEqual(['nw-net1']);
    expect(await complete('interfaces modify --enable-routing if')).toEqual(['if-veth1']);
    expect(await complete('datapath networks del dp-br0 nw')).toEqual(['nw-net1']);
    expect(await complete('datapath networks add dp-br0 nw-net1 nw')).toEqual([]);
    expect(await complete('networks show -o y')).toEqual(['yaml', 'yml']);
    expect(await complete('trace --from if-v')).toEqual(expect.arrayContaining(['if-veth1']));
    expect(await complete('trace --from=')).toEqual(expect.arrayContaining(['--from=if-veth1']));
    expect(await complete('flows --datapath d')).toEqual(['dp-br0']);
    expect((await complete('flows n')).toSorted()).toEqual(['ns-', 'nw-']);
    expect(await complete('explain nw-')).toEqual(expect.arrayContaining(['nw-net1']));
    expect(await complete('completion b')).toEqual(['bash']);
    await vnctl('ip_range_groups add --uuid iprg-a');
    await vnctl(
      'ip_range_groups ip_ranges add iprg-a --uuid ipr-a --begin-ipv4-address 1.2.3.4 --end-ipv4-address 1.2.3.5',
    );
    expect(await complete('ip_range_groups ip_ranges del iprg-a ip')).toEqual(['ipr-a']);
  });

  it('has a script for each shell', async () => {
    for (const shell of ['bash', 'zsh', 'fish'])
      expect(await vnctl(`completion ${shell}`)).toMatchObject({
        code: 0,
        out: expect.stringContaining('vnctl complete --'),
      });
    expect(await vnctl('completion tcsh')).toMatchObject({ code: 2 });
  });
});
