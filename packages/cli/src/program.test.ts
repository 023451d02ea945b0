import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type Manager, startManager } from '@openvnet/manager';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { runCommandLine } from './index.ts';

let manager: Manager;
let home: string;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'vnctl-test-'));
  const logger = pino({ level: 'silent' });
  manager = await startManager({ listen: { host: '127.0.0.1', port: 0 }, store: 'memory', logger });
});

afterEach(async () => {
  await manager.close();
  rmSync(home, { recursive: true });
});

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line as a shell would split it where nothing is quoted. */
async function vnctl(line: string, env: Record<string, string> = { OPENVNET_API: manager.url }): Promise<Run> {
  let out = '';
  let err = '';
  const code = await runCommandLine(line.split(' ').filter(Boolean), {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    fancy: false,
    env: { HOME: home, ...env },
  });
  return { code, out, err };
}

async function json(line: string): Promise<Record<string, unknown>> {
  const { code, out, err } = await vnctl(`${line} -o json`);
  expect(err).toBe('');
  expect(code).toBe(0);
  return JSON.parse(out) as Record<string, unknown>;
}

const setup = [
  'datapath add --uuid dp-br0 --display-name=br0 --dc-segment-id=seg1 --dpid=0x000002fdee8e0a44 --ipv4-address=192.168.122.207 --node-id=192.168.122.207',
  'network add --uuid nw-net1 --display-name=net1 --ipv4-network 172.16.1.0 --ipv4-prefix=24 --domain-name=dom1 --network-mode=virtual',
  'datapath networks add dp-br0 nw-net1 --broadcast-mac-address=08:00:27:10:03:01',
  'interface add --uuid=if-veth1 --ipv4-address=172.16.1.1 --network-uuid=nw-net1 --mac-address=52:54:00:0d:84:01',
];

async function registered(): Promise<void> {
  for (const line of setup) expect(await vnctl(line)).toMatchObject({ code: 0 });
}

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
    expect(err).toBe(
      'vnctl: note: --dc-segment-id has no meaning any more and is ignored\n' +
        'vnctl: note: --ipv4-address has no meaning any more and is ignored\n',
    );
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

describe('an answer', () => {
  beforeEach(registered);

  it('is a table for people, and what the API answers for programs', async () => {
    const { out } = await vnctl('networks show');
    expect(out.split('\n')[0]).toMatch(/^uuid +display_name +ipv4_network +ipv4_prefix +mode +domain_name$/);
    expect(out.split('\n')[1]).toMatch(/^nw-net1 +net1 +172.16.1.0 +24 +virtual +dom1$/);
    expect(await json('networks show')).toMatchObject({ total_count: 1, limit: 1, items: [{ uuid: 'nw-net1' }] });
    const yaml = await vnctl('networks show -o yaml');
    expect(parse(yaml.out)).toEqual(await json('networks show'));
    expect((await vnctl('route_links show')).out).toBe('there are no route links\n');
  });

  it('says of one object how it stands', async () => {
    const { out } = await vnctl('interface show if-veth1');
    expect(out).toMatch(/^uuid +if-veth1\n/);
    expect(out).toMatch(/\nnot in effect\n {2}waits for: \S/);
  });

  it('shows an address as an address where the API answers a number', async () => {
    await vnctl('datapath networks del dp-br0 nw-net1');
    const { out } = await vnctl(setup[2]!);
    expect(out).toMatch(/^datapath_uuid +dp-br0\nnetwork_uuid +nw-net1\nmac_address +08:00:27:10:03:01\n/);
  });

  it('says how many there are when it shows fewer', async () => {
    await vnctl('network add --ipv4-network=10.0.0.0/8');
    const { out } = await vnctl('network show --limit 1');
    expect(out).toContain('1 of 2, from 0 on');
  });

  it('covers each of several objects, and the first that cannot be shown decides how it ends', async () => {
    const { code, out, err } = await vnctl('network show nw-none nw-net1 -o json');
    expect(code).toBe(1);
    const [shown, refused] = out.split(/(?<=^\})\n(?=\{)/m).map((text) => JSON.parse(text));
    expect([shown, refused]).toMatchObject([{ uuid: 'nw-net1' }, { message: 'Network#uuid: nw-none' }]);
    expect(err).toMatch(/^vnctl: .*nw-none/);
    const gone = await vnctl('interface del if-veth1 if-none');
    expect(gone).toMatchObject({ code: 1, out: 'if-veth1 deleted\n' });
  });

  it('shows and removes parts that have no name of their own', async () => {
    expect((await vnctl('interface ports show if-veth1')).out).toMatch(/if-veth1/);
    expect((await vnctl('interface ports del if-veth1 --port-name=none')).out).toBe('nothing matched\n');
    expect((await vnctl('interface ports del if-veth1')).out).toMatch(/port_name +if-veth1/);
    expect((await vnctl('interface ports add if-veth1 --port-name=eth7')).out).toMatch(/port_name +eth7/);
  });

  it('of the system names what is not in effect', async () => {
    const { out } = await vnctl('status');
    expect(out).toMatch(/^manager {2}version/);
    expect(out).toMatch(/not in effect\n {2}.*if-veth1/);
    expect(await json('status')).toHaveProperty('manager.revision');
  });
});

describe('what hangs below something, or can be done with it', () => {
  beforeEach(async () => {
    await registered();
    for (const line of [
      'filters add --uuid fil-a --interface-uuid if-veth1 --mode static',
      'translations add --uuid tr-a --interface-uuid if-veth1 --mode static_address',
      'ip-range-groups add --uuid iprg-a --allocation-type decremental',
      'ip_range_groups ip_ranges add iprg-a --begin-ipv4-address 172.16.1.10 --end-ipv4-address 172.16.1.20',
      'lease-policies add --uuid lp-a',
      'lease-policies networks add lp-a nw-net1 --ip-range-group-uuid iprg-a',
      'ip-lease-containers add --uuid ilc-a',
      'ip_lease_containers modify ilc-a',
      'ip-retention-containers add --uuid irc-a --lease-time 3600',
      'lease-policies ip-lease-containers add lp-a ilc-a',
      'lease_policies ip_retention_containers add lp-a irc-a',
    ]) {
      expect(await vnctl(line), line).toMatchObject({ code: 0, err: '' });
    }
  });

  it('filters and translations have rules', async () => {
    const rule = 'fil-a --protocol tcp --dst-port 22';
    expect((await vnctl(`filters static add ${rule} --action pass`)).out).toMatch(/dst_port +22/);
    expect((await vnctl('filters static show fil-a')).out).toMatch(/tcp.* 22 /);
    expect((await vnctl(`filters static del ${rule}`)).code).toBe(0);
    expect(await vnctl(`filters static del ${rule}`)).toMatchObject({ code: 1 });
    const pair = 'tr-a --ingress-ipv4-address 192.0.2.1 --egress-ipv4-address 172.16.1.1';
    expect((await vnctl(`translations static_address add ${pair}`)).code).toBe(0);
    expect((await vnctl('translations static_address show tr-a')).out).toContain('192.0.2.1');
    expect((await vnctl(`translations static-address del ${pair}`)).code).toBe(0);
  });

  it('lease policies give addresses, which can be released and attached', async () => {
    expect((await vnctl('lease-policies interfaces add lp-a if-veth1')).code).toBe(0);
    expect((await vnctl('lease-policies ip_leases lp-a --ip-lease-uuid il-a')).out).toMatch(/172\.16\.1\.19/);
    expect((await vnctl('ip_lease_containers ip_leases ilc-a')).out).toMatch(/il-a/);
    expect((await vnctl('ip_retention_containers ip_retentions irc-a')).out).toMatch(/leased_at/);
    expect((await vnctl('ip-leases attach il-a --interface-uuid if-veth1')).out).toMatch(/if-veth1/);
    expect((await vnctl('ip-leases release il-a')).code).toBe(0);
    expect(await vnctl('ip-leases release il-a')).toMatchObject({ code: 1 });
    expect((await vnctl('lease-policies interfaces del lp-a if-veth1')).code).toBe(0);
    expect((await vnctl('ip-range-groups ip-ranges show iprg-a')).out).toMatch(/172\.16\.1\.10/);
  });

  it('interfaces belong to networks, and topologies have datapaths', async () => {
    expect(await json('interfaces networks modify if-veth1 nw-net1 --static')).toMatchObject({ static: true });
    expect((await vnctl('interfaces networks show if-veth1')).out).toMatch(/network_id +static/);
    const host = 'interfaces add --uuid if-h --mode host --owner-datapath-uuid dp-br0 --mac-address 52:54:00:00:00:09';
    await vnctl(`${host} --network-uuid nw-net1 --ipv4-address 172.16.1.9`);
    for (const line of [
      'topologies add --uuid topo-a --mode simple_underlay',
      'topologies add --uuid topo-b --mode simple_overlay',
      'topologies modify topo-a',
      'topologies datapaths add topo-a dp-br0 --interface-uuid if-h',
      'topologies underlays add topo-b topo-a',
      'topologies networks add topo-b nw-net1',
      'mac-range-groups add --uuid mrg-a',
      'mac-range-groups mac-ranges add mrg-a --begin-mac-address 52:54:01:00:00:00 --end-mac-address 52:54:01:00:00:09',
      'topologies mac_range_groups add topo-a mrg-a',
    ]) {
      expect(await vnctl(line), line).toMatchObject({ code: 0, err: '' });
    }
    expect((await vnctl('topologies datapaths show topo-a')).out).toMatch(/datapath_id/);
    expect((await vnctl('topologies underlays show topo-b')).out).toMatch(/topo-a/);
    expect((await vnctl('topologies underlays del topo-b topo-a')).code).toBe(0);
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
    const { url } = manager;
    await manager.close();
    const vnmgr = fileURLToPath(import.meta.resolve('../../manager/bin/vnmgr'));
    expect(await vnctl('status', { OPENVNET_API: url })).toMatchObject({
      code: 3,
      err: `vnctl: cannot reach ${url}: connection refused (is vnmgr or openvnet running?)\nhint: Start it, or say where it runs: --api URL, OPENVNET_API or vnctl.yaml. Use: ${vnmgr}\n`,
    });
  });
});

describe('a list', () => {
  it('goes by the words get, list and ls, is narrowed by columns, and says how interfaces stand', async () => {
    await registered();
    for (const word of ['get', 'list', 'ls', 'show']) {
      expect((await vnctl(`interface ${word} --mode vif -o name`)).out.split('\n')).toContain('if-veth1');
    }
    expect(await vnctl('interface ls --mode simulated -o name --uuid x')).toMatchObject({ code: 2 });
    expect(await vnctl('interface ls --mode blue')).toMatchObject({ code: 1 });
    const [head, line] = (await vnctl('interface ls --mode vif')).out.split('\n');
    expect(head).toMatch(/^uuid .* status$/);
    expect(line).toMatch(/^if-veth1 .*no agent is connected/);
    expect(JSON.parse((await vnctl('interface ls -o json')).out).items[0]).not.toHaveProperty('status');
  });

  it('of what hangs below an object is narrowed too', async () => {
    await registered();
    expect((await vnctl('interface ports ls if-veth1 --port-name none')).out).toBe('there are no interface ports\n');
  });
});

it('shows its version', async () => {
  expect(await vnctl('--version')).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: '' });
});

it('shows the status again and again', async () => {
  const { code, out } = await vnctl('status -w 0.01 --count 3');
  expect([code, out.match(/^manager {2}/gm)?.length]).toEqual([0, 3]);
  expect(await vnctl('status --watch x')).toMatchObject({ code: 2 });
});

describe('lists', () => {
  it('are whole, in any form, unless a part is asked for', async () => {
    for (let i = 0; i < 35; i++) await vnctl(`network add --uuid nw-${i} --ipv4-network 10.0.${i}.0`);
    expect((await vnctl('network show')).out.trim().split('\n')).toHaveLength(36);
    const json = JSON.parse((await vnctl('network show -o json')).out);
    expect([json.total_count, json.offset, json.limit, json.items.length]).toEqual([35, 0, 35, 35]);
    expect((await vnctl('network show -o name --offset 33')).out).toBe('nw-33\nnw-34\n');
    expect(JSON.parse((await vnctl('network show -o json --limit 2')).out)).toMatchObject({
      limit: 2,
      items: [{}, {}],
    });
    expect((await vnctl('network show -o wide --limit 1')).out).toMatch(/^uuid .*mode .*mtu .*created_at\n/);
  });
});

describe('settings', () => {
  const settings = (text: string): void => {
    mkdirSync(join(home, '.config', 'openvnet'), { recursive: true });
    writeFileSync(join(home, '.config', 'openvnet', 'vnctl.yaml'), text);
  };

  it('come from the flag, then the environment, then a file', async () => {
    settings(`api: ${manager.url}\noutput: json\n`);
    expect(JSON.parse((await vnctl('network show', {})).out)).toMatchObject({ total_count: 0 });
    expect(await vnctl('network show -o table', {})).toMatchObject({ out: 'there are no networks\n' });
    const nowhere = 'http://127.0.0.1:9';
    expect((await vnctl('network show', { OPENVNET_API: nowhere })).code).toBe(3);
    expect((await vnctl(`network show --api ${manager.url}`, { OPENVNET_API: nowhere })).code).toBe(0);
    expect((await vnctl(`--api=${manager.url} network show`, { OPENVNET_API: nowhere })).code).toBe(0);
    expect((await vnctl('network show', { VNET_WEBAPI: manager.url.replace('http://', '') })).code).toBe(0);
  });

  it('of the original are read, and give its YAML', async () => {
    const [, address] = manager.url.split('//');
    const [uri, port] = address!.split(':');
    const ruby = `# where the API is\nwebapi_protocol "http"\nwebapi_uri '${uri}'\nwebapi_port "${port}" # usual\n`;
    writeFileSync(join(home, '.vnctl.conf'), ruby);
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
    writeFileSync(join(home, '.vnctlrc'), `${ruby}output_format "json"\n`);
    expect(JSON.parse((await vnctl('networks show', {})).out)).toMatchObject({ total_count: 0 });
    writeFileSync(join(home, '.vnctlrc'), `${ruby}output_format "xml"\n`);
    const wrong = `vnctl: ${join(home, '.vnctlrc')}: output_format "xml": expected one of yml, json\nhint: Use: vnctl networks show --help\n`;
    expect(await vnctl('networks show', {})).toMatchObject({ code: 2, err: wrong });
    writeFileSync(join(home, '.vnctlrc'), 'webapi_prt "1"\n');
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

describe('explain', () => {
  beforeEach(registered);

  it('says what an object is, what it is related to, and what it waits for', async () => {
    const { code, out } = await vnctl('explain if-veth1');
    expect(code).toBe(0);
    for (const part of [
      /^if-veth1: interface\. A logical attachment/,
      /\n {2}mac_address {2}52:54:00:0d:84:01 +Address of the first MAC lease;/,
      /\nreferred to by\n {2}interface port interface_uuid if-veth1, port_name if-veth1, /,
      /\n {2}ip lease il-\w+ {2}\(interface_uuid\)/,
      /\nstatus {2}not in effect\n {2}waits for: no agent is connected/,
      /\nflows {2}none\n/,
    ])
      expect(out).toMatch(part);
    expect(await json('explain nw-net1')).toMatchObject({
      kind: 'network',
      referred_to_by: expect.arrayContaining([
        expect.objectContaining({ kind: 'ip_lease' }),
        expect.objectContaining({ kind: 'datapath_network', parameter: 'network_uuid' }),
      ]),
    });
    expect(await vnctl('explain nonsense')).toMatchObject({
      code: 1,
      err: expect.stringContaining('hint: Expected a uuid'),
    });
  });
});

describe('flows and trace without an agent', () => {
  beforeEach(registered);

  it('say that nobody can read a switch', async () => {
    const { code, out } = await vnctl('flows if-veth1');
    expect([code, out]).toEqual([0, expect.stringContaining('note: no agent is connected to this manager')]);
    const trace = await vnctl('trace --from if-veth1 --to 172.16.1.2 tcp/80');
    expect(trace).toMatchObject({ code: 1, out: expect.stringContaining('does not arrive: if-veth1 is on no switch') });
    expect(await vnctl('trace --from if-veth1 --to 172.16.1.2 sctp')).toMatchObject({ code: 2 });
    const small = await vnctl('trace --from if-veth1 --to 172.16.1.2 --size 27');
    expect(small).toMatchObject({ code: 1, err: expect.stringContaining('size: expected a whole number from 28') });
  });
});

describe('batch', () => {
  async function batch(text: string, options = ''): Promise<Run> {
    const file = join(home, 'commands');
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
      env: { PATH: process.env.PATH, HOME: home, OPENVNET_API: manager.url },
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

describe('a whole topology', () => {
  beforeEach(registered);

  it('is exported, compared and applied', async () => {
    const { out: exported } = await vnctl('export');
    const file = join(home, 'topology.yaml');
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
    const file = join(home, 'topology.yaml');
    writeFileSync(file, 'networks: [');
    expect(await vnctl(`apply -f ${file}`)).toMatchObject({ code: 2, err: expect.stringContaining('topology.yaml: ') });
    writeFileSync(file, 'networks: [{ uuid: nw-b }]');
    const refused = { code: 1, err: 'vnctl: networks nw-b: ipv4_network is missing\n' };
    expect(await vnctl(`apply -f ${file}`)).toMatchObject(refused);
    expect(await vnctl('apply')).toMatchObject({ code: 2 });
  });

  it('shows what cannot be changed as made again, which apply does with --replace', async () => {
    const file = join(home, 'topology.yaml');
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
    const file = join(home, 'topology.yaml');
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

describe('text that anybody may have given', () => {
  const name = 'a\u001b[2J\u0007b\u202ec\nmanager  all is well\u009b';

  it('is shown so that no terminal obeys it, and read back by programs as it was', async () => {
    const made = await fetch(`${manager.url}/api/1.0/networks`, {
      method: 'POST',
      body: new URLSearchParams({ uuid: 'nw-a', ipv4_network: '10.0.0.0', display_name: name }),
    });
    expect(made.status).toBe(200);
    const obeyed = /[\p{Cc}\p{Cf}]/u;
    for (const line of [
      'network show',
      'network show nw-a',
      'explain nw-a',
      'network modify nw-a --ipv4-prefix 24',
      'export',
    ]) {
      const { out, err } = await vnctl(line);
      expect([line, obeyed.test((out + err).replaceAll('\n', ''))]).toEqual([line, false]);
      expect([line, /^manager {2}all is well/m.test(out)]).toEqual([line, false]);
    }
    const shown = await vnctl('network show nw-a -o json');
    expect(obeyed.test(shown.out.replaceAll('\n', ''))).toBe(false);
    expect(JSON.parse(shown.out).display_name).toBe(name);
    const yaml = await vnctl('network show nw-a -o yaml');
    expect(obeyed.test(yaml.out.replaceAll('\n', ''))).toBe(false);
    expect(parse(yaml.out).display_name).toBe(name);
    const { err } = await vnctl(`network show nw-\u001b[2J\u202e`);
    expect(err).not.toBe('');
    expect(obeyed.test(err.replaceAll('\n', ''))).toBe(false);
  });
});

it('events shows what has changed, by whom and why', async () => {
  await registered();
  expect(await vnctl('network modify nw-net1 --display-name other --message try')).toMatchObject({ code: 0 });
  const { out } = await vnctl('events --limit 1');
  expect(out).toMatch(
    /^revision 5 {2}[\d-]+ [\d:]+ UTC {2}127\.0\.0\.1: try\n {2}~ network nw-net1 {2}display_name net1 → other\n$/,
  );
  expect((await vnctl('events')).out).toMatch(/^ {2}\+ interface if-veth1$/m);
  expect((await vnctl('events --after 5')).out).toBe('nothing has changed\n');
  expect(await vnctl('events --after x')).toMatchObject({ code: 2 });
});
