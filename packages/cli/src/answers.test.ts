/** What `vnctl` prints of what the API answers. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { json, registered, setup, shell, vnctl } from './testing.ts';

beforeEach(shell.begin);
afterEach(shell.end);

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
    expect(out).toMatch(/^not in effect\n {2}waits for: \S.*\nuuid +if-veth1\n/);
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
    await vnctl('interface ports add if-veth1 --port-name eth9 --datapath-uuid dp-br0');
    expect((await vnctl('interfaces ports del if-veth1 eth9 none')).out).toMatch(
      /port_name +eth9[\s\S]*\nnothing matched\n$/,
    );
    expect(await vnctl('interfaces ports del if-veth1 eth9 --port-name eth8')).toMatchObject({ code: 2 });
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

describe('text that anybody may have given', () => {
  const name = 'a\u001b[2J\u0007b\u202ec\nmanager  all is well\u009b';

  it('is shown so that no terminal obeys it, and read back by programs as it was', async () => {
    const made = await fetch(`${shell.manager.url}/api/1.0/networks`, {
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
