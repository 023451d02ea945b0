import { describe, expect, it } from 'vitest';
import { bridgeOf, experiments, hosts, inOrder, LabError, parseCheck, parseLabFile, readLabFile } from './index.ts';

const small = `bridges:
  - name: br0
    datapath_id: 0000000000000010
namespaces:
  - { name: a, bridge: br0, mac: 52:54:00:00:00:01, addresses: [10.0.0.1/24] }
  - { name: b, bridge: br0, mac: 52:54:00:00:00:02, addresses: [10.0.0.2/24] }
topology:
  routes:
    - { uuid: r-a, interface_uuid: if-gw, route_link_uuid: rl-a, ipv4_network: 10.0.0.0 }
  interfaces:
    - { uuid: if-gw, mode: simulated, network_uuid: nw-a, ipv4_address: 10.0.0.254, ports: [{ port_name: x }] }
  route_links:
    - { uuid: rl-a }
  networks:
    - { uuid: nw-a, ipv4_network: 10.0.0.0/24 }
checks:
  - a reaches 10.0.0.2
`;

function complaint(text: string): string {
  try {
    parseLabFile(text, 'lab.yaml');
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(LabError);
    return (error as LabError).message;
  }
}

describe('a lab file', () => {
  it('that comes with the lab holds the three experiments', () => {
    const { bridges, namespaces, checks, topology } = readLabFile(experiments);
    expect(bridges).toMatchObject([{ name: 'br0', datapath_id: '0x000002fdee8e0a44', fail_mode: 'standalone' }]);
    expect(namespaces.map(({ name }) => name)).toEqual(['ns1', 'ns2', 'ns3', 'ns4', 'ns5', 'ns6']);
    expect(checks.length).toBeGreaterThan(5);
    expect(topology.networks).toHaveLength(3);
  });

  it('keeps a datapath id as it is written', () => {
    expect(parseLabFile(small, 'lab.yaml').bridges[0]?.datapath_id).toBe('0000000000000010');
  });

  it('that is wrong is answered with line, field and what is expected', () => {
    expect(complaint(small)).toBe('');
    for (const [from, to, expected] of [
      ['name: br0', 'nam: br0', /line 2: bridges\[0\]/],
      [
        'bridge: br0, mac: 52:54:00:00:00:02',
        'bridge: br1',
        /line 6: namespaces\[1\]\.bridge: no bridge of the file is called br1/,
      ],
      ['name: b,', 'name: a,', /line 6: namespaces\[1\]\.name: a is there twice/],
      ['00:00:01', '00:00:zz', /line 5: namespaces\[0\]\.mac: "52:54:00:00:00:zz": expected a MAC address, such as/],
      [
        '10.0.0.2/24]',
        '10.0.0.2]',
        /line 6: namespaces\[1\]\.addresses\[0\]: "10.0.0.2": expected an address and a prefix/,
      ],
      ['  routes:', '  routs:', /line 8: topology\.routs: there is no such resource. Resources: datapaths, networks/],
      ['mode: simulated', 'mod: simulated', /line 11: .*\.mod: interfaces have no such parameter; there are uuid, /],
      ['mode: simulated', 'mode: unreal', /line 11: .*mode "unreal" \(mode: expected one of vif, simulated/],
      ['port_name: x', 'port: x', /line 11: topology\.interfaces\[0\]\.ports\[0\]\.port: interface_ports have no such/],
      ['uuid: rl-a }\n', 'mac_address: 52:54:00:00:00:01 }\n', /line 13: topology\.route_links\[0\]: uuid is missing/],
      ['a reaches 10.0.0.2', 'a reachs 10.0.0.2', /line 17: checks\[0\]: "a reachs 10.0.0.2" is no check; expected/],
      ['a reaches 10.0.0.2', 'c reaches 10.0.0.2', /line 17: checks\[0\]: no namespace of the file is called c/],
      ['checks:', '  checks: [', /^lab file lab.yaml, line \d+: /],
    ] as const) {
      const text = small.replace(from, to);
      expect(text, from).not.toBe(small);
      expect(complaint(text), to).toMatch(expected);
      expect(complaint(text), to).toMatch(/^lab file lab.yaml, line /);
    }
    expect(() => readLabFile('/nowhere.yaml')).toThrow('lab file /nowhere.yaml: there is no such file');
  });

  it('may state its topology in any order: what is referred to comes first', () => {
    const { topology } = parseLabFile(small, 'lab.yaml');
    const order = inOrder(topology).map(({ kind, values }) => values.uuid ?? `${kind} of ${values.interface_uuid}`);
    expect([...order].sort()).toEqual(['if-gw', 'interface_port of if-gw', 'nw-a', 'r-a', 'rl-a']);
    const before = (first: string, second: string): void => {
      expect(order.indexOf(first), `${first} before ${second}`).toBeLessThan(order.indexOf(second));
    };
    before('nw-a', 'if-gw');
    before('if-gw', 'r-a');
    before('rl-a', 'r-a');
    before('if-gw', 'interface_port of if-gw');
  });
});

const several = `underlays:
  - { name: rack1, network: 198.18.1.0/24 }
  - { name: rack2, network: [198.18.2.0/24, 'fd00:2::/64'] }
routers: [{ name: core, underlays: { rack1: 198.18.1.254, rack2: 198.18.2.254 } }]
manager: { underlays: { rack1: 198.18.1.250 } }
hosts:
  - { name: h1, underlays: { rack1: 198.18.1.1 }, bridges: [{ name: br0 }] }
  - { name: h2, underlays: { rack2: [198.18.2.2, 'fd00:2::2'] }, bridges: [{ name: br0, uplinks: { eth1: rack1 } }, { name: br1 }] }
namespaces:
  - { name: a, host: h1 }
  - { name: b, host: h2, bridge: br0 }
  - { name: c, underlay: rack1 }
`;

describe('a lab file of several hosts', () => {
  it('names the bridge of a guest by its host', () => {
    const file = parseLabFile(several, 'lab.yaml');
    expect(file.underlays[0]).toEqual({ name: 'rack1', network: ['198.18.1.0/24'], mtu: 1600 });
    expect(file.hosts[1]!.underlays).toEqual({ rack2: ['198.18.2.2', 'fd00:2::2'] });
    expect(file.namespaces.slice(0, 2).map((guest) => bridgeOf(file, guest)?.name)).toEqual(['br0', 'br0']);
    expect(readLabFile(hosts).hosts.map(({ name }) => name)).toEqual(['h1', 'h2', 'h3']);
  });

  it('that is wrong is answered with line, field and what is expected', () => {
    expect(complaint(several)).toBe('');
    for (const [from, to, expected] of [
      [
        'network: 198.18.1.0/24',
        'network: 198.18.1.0',
        /line 2: underlays\[0\]\.network: .*expected a network, such as/,
      ],
      ['name: rack2,', 'name: rack1,', /line 3: underlays\[1\]\.name: rack1 is there twice/],
      [
        'rack2: 198.18.2.254 }',
        'rack3: 198.18.2.254 }',
        /line 4: routers\[0\]\.underlays\.rack3: no underlay of the file is called rack3; there are rack1, rack2/,
      ],
      [
        '198.18.2.254 }',
        '198.18.3.254 }',
        /line 4: .*\.rack2: 198.18.3.254 is not in the network of rack2: 198.18.2.0\/24, fd00:2::\/64/,
      ],
      ['198.18.1.250', 'here', /line 5: manager\.underlays\.rack1: "here": expected an address, such as 198.18.1.1/],
      ['manager: {', '# {', /line 6: hosts: the hosts need an address of the manager: manager: \{ underlays/],
      ['name: h2,', 'name: core,', /line 8: hosts\[1\]\.name: core is there twice/],
      [
        'eth1: rack1',
        'eth1: rack3',
        /line 8: hosts\[1\]\.bridges\[0\]\.uplinks\.eth1: no underlay of the file is called rack3/,
      ],
      [
        'name: a, host: h1',
        'name: a, host: h3',
        /line 10: namespaces\[0\]\.host: no host of the file is called h3; there are h1, h2/,
      ],
      ['name: a, host: h1', 'name: a', /line 10: namespaces\[0\]\.name: a has no host; there are h1, h2/],
      ['host: h2, bridge: br0', 'host: h2', /line 11: namespaces\[1\]\.name: b needs a bridge: h2 has br0, br1/],
      ['host: h2, bridge: br0', 'host: h2, bridge: br7', /line 11: .*\.bridge: no bridge of h2 is called br7/],
      [
        'underlay: rack1 }',
        'underlay: rack1, host: h1 }',
        /line 12: .*\.underlay: expected host and bridge, or underlay, not both/,
      ],
      ['underlay: rack1 }', 'underlay: lan }', /line 12: .*\.underlay: no underlay of the file is called lan/],
      [
        'namespaces:',
        'bridges: [{ name: br0 }]\nnamespaces:',
        /line 9: bridges: in a file with hosts each host has its own/,
      ],
    ] as const) {
      const text = several.replace(from, to);
      expect(text, from).not.toBe(several);
      expect(complaint(text), to).toMatch(expected);
    }
  });
});

describe('a check', () => {
  it('is a sentence', () => {
    expect(parseCheck('ns1 reaches 172.16.1.2')).toMatchObject({ kind: 'reaches', from: 'ns1', address: '172.16.1.2' });
    expect(parseCheck('ns5  reaches 172.16.1.2 seen only by ns6, ns7 and ns8')).toMatchObject({
      kind: 'reaches',
      seenOnlyBy: ['ns6', 'ns7', 'ns8'],
    });
    expect(parseCheck('ns1 does not reach 10.0.0.1')).toMatchObject({ kind: 'does not reach' });
    expect(parseCheck('ns1 has neighbour 10.0.0.1 at 52:54:00:0D:84:02')).toMatchObject({
      kind: 'has neighbour',
      mac: '52:54:00:0d:84:02',
    });
  });

  it('may be about TCP, UDP, DHCP and DNS', () => {
    expect(parseCheck('ns1 reaches 10.0.0.2 tcp/80')).toEqual({
      ...{ text: 'ns1 reaches 10.0.0.2 tcp/80', kind: 'reaches', from: 'ns1', address: '10.0.0.2' },
      transport: { protocol: 'tcp', port: 80 },
    });
    expect(parseCheck('ns1 does not reach 192.0.2.80 udp/53 at ns2')).toMatchObject({
      ...{ kind: 'does not reach', address: '192.0.2.80', at: 'ns2', transport: { protocol: 'udp', port: 53 } },
    });
    expect(parseCheck('ns1 gets 10.0.0.1 by dhcp')).toMatchObject({ kind: 'gets', from: 'ns1', address: '10.0.0.1' });
    expect(parseCheck('ns1 gets nothing by dhcp')).toMatchObject({ kind: 'gets', address: 'nothing' });
    expect(parseCheck('ns1 resolves www.a by 10.0.0.3 to 10.0.0.2')).toMatchObject({
      ...{ kind: 'resolves', name: 'www.a', server: '10.0.0.3', address: '10.0.0.2' },
    });
  });

  it('that is none is told so', () => {
    expect(parseCheck('ns1 reaches 10.0.0.1 tcp/0')).toBe('0 is no port; expected 1 to 65535');
    expect(parseCheck('ns1 reaches 10.0.0.1 sctp/1')).toMatch(/is no check; expected something like/);
    expect(parseCheck('ns1 reaches nothing')).toBe('nothing is no address; expected something like 172.16.1.2');
    expect(parseCheck('ns1 resolves a by b to nothing')).toBe('b is no address; expected something like 172.16.1.2');
    expect(parseCheck('ns1 sees ns2')).toMatch(/"ns1 sees ns2" is no check; expected something like/);
    expect(parseCheck('ns1 reaches ns2')).toBe('ns2 is no address; expected something like 172.16.1.2');
    expect(parseCheck('ns1 has neighbour 10.0.0.1 at home')).toBe('home is no MAC address');
  });
});
