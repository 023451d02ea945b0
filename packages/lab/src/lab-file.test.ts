import { describe, expect, it } from 'vitest';
import { experiments, inOrder, LabError, parseCheck, parseLabFile, readLabFile } from './index.ts';

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

  it('that is none is told so', () => {
    expect(parseCheck('ns1 sees ns2')).toMatch(/"ns1 sees ns2" is no check; expected something like/);
    expect(parseCheck('ns1 reaches ns2')).toBe('ns2 is no address; expected something like 172.16.1.2');
    expect(parseCheck('ns1 has neighbour 10.0.0.1 at home')).toBe('home is no MAC address');
  });
});
