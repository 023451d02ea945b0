/**
 * What the original OpenVNet did wrong, by the numbers of its list of known faults: each shows the right behaviour here, on
 * a real switch where a packet or a flow can show it.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { dns, readCookie, route } from '@openvnet/compiler';
import {
  interfaceRows,
  networkRows,
  plainInterface,
  serviceRows,
  staticRow,
  TestModel,
  TestSwitch,
} from '@openvnet/compiler/testing';
import { decodeFlow, type SwitchConnection } from '@openvnet/openflow';
import {
  type Dhcp,
  decodeDhcp,
  decodeEthernet,
  decodeIpv4,
  decodeUdp,
  dhcpOperation,
  dhcpType,
  encodeArp,
  encodeDhcp,
  encodeEthernet,
  etherType,
} from '@openvnet/packet';
import { describe, expect, it } from 'vitest';
import { Neighbours } from '../answers/neighbours.ts';
import { type Host, textOf } from '../testing/host.ts';
import { by, populated, station, stationIn } from '../testing/populated.ts';
import {
  arpRequest,
  broadcast,
  datagram,
  echo,
  everyone,
  macOf,
  macText,
  plain,
  type Wires,
} from '../testing/wires.ts';

interface Scene {
  readonly host: Host;
  readonly wires: Wires;
}

type Form = Readonly<Record<string, string>>;

const nothing = {};
const [one, two, three, five, six] = (['if-1', 'if-2', 'if-3', 'if-5', 'if-6'] as const).map(station) as [
  ReturnType<typeof station>,
  ReturnType<typeof station>,
  ReturnType<typeof station>,
  ReturnType<typeof station>,
  ReturnType<typeof station>,
];

async function call({ host }: Scene, method: 'POST' | 'PUT' | 'DELETE', path: string, form: Form = {}): Promise<void> {
  await host.api(method, path, form);
  await host.settled({ complete: false });
}

const flowsOf = async ({ host }: Scene): Promise<string[]> => (await host.flows()).map(textOf);

/** The flows in which a text stands, as Open vSwitch prints them. */
async function flowsWith({ host }: Scene, ...texts: string[]): Promise<string[]> {
  const lines = await host.vswitch.flows('br0');
  return lines.filter((line) => texts.some((text) => line.includes(text)));
}

/** Who hears a broadcast of a guest. */
async function hearers({ wires }: Scene, port: string, from: ReturnType<typeof station>): Promise<string[]> {
  return Object.keys(await wires.send(port, broadcast(from)));
}

/** Adds relations of both datapaths, of this host and of another, and removes them: nothing of it is in the switch. */
async function comesAndGoes(scene: Scene, relation: string, form: Form): Promise<void> {
  const before = await flowsOf(scene);
  const uplink = { uuid: 'if-nic', mode: 'host', owner_datapath_uuid: 'dp-other', port_name: 'eth9' };
  await call(scene, 'POST', '/interfaces', uplink);
  for (const datapath of ['dp-br0', 'dp-other'])
    await call(scene, 'POST', `/datapaths/${datapath}/${relation}`, { ...form, interface_uuid: 'if-nic' });
  for (const datapath of ['dp-other', 'dp-br0']) {
    await call(scene, 'DELETE', `/datapaths/${datapath}/${relation}`);
    expect(await flowsOf(scene)).toEqual(before);
  }
  await call(scene, 'DELETE', '/datapaths/dp-other');
  expect(await flowsOf(scene)).toEqual(before);
}

/** What a DHCP server says to a guest that asks for an address. */
async function discovers({ wires }: Scene, port: string, from: ReturnType<typeof station>): Promise<Dhcp> {
  const zeros = { hops: 0, xid: 7, secs: 0, ciaddr: 0, yiaddr: 0, siaddr: 0, giaddr: 0 };
  const options = { message_type: dhcpType.discover };
  const request = {
    op: dhcpOperation.request,
    htype: 1,
    hlen: 6,
    broadcast: false,
    chaddr: from.mac,
    options,
    ...zeros,
  };
  const asking = { mac: from.mac, ip: 0 };
  const all = { mac: everyone, ip: 0xffff_ffff };
  await wires.send(port, datagram(asking, all, [68, 67], encodeDhcp(request)), port);
  const packet = decodeIpv4(decodeEthernet(wires.last(port)!).payload);
  return decodeDhcp(decodeUdp(packet.payload, packet).payload);
}

const pings = {
  toFiltered: { 'if-3': ['echo request 10.0.2.6 > 10.0.2.3'] },
  fromFiltered: { 'if-6': ['echo request 10.0.2.3 > 10.0.2.6'] },
} as const;

const faults: Readonly<Record<number, readonly [right: string, shown: (scene: Scene) => Promise<void>]>> = {
  1: [
    'every field of an interface that the API offers can be changed',
    async ({ host }) => {
      const form = {
        display_name: 'a',
        enable_filtering: 'true',
        enable_routing: 'true',
        enable_route_translation: 'true',
      };
      const shown = await host.api('PUT', '/interfaces/if-1', { ...form, owner_datapath_uuid: 'dp-br0' });
      expect(shown).toMatchObject({
        display_name: 'a',
        enable_filtering: true,
        enable_routing: true,
        enable_route_translation: true,
      });
      const [port] = (await host.api('GET', '/interfaces/if-1/ports')).items;
      expect(port.datapath_id).toBe((await host.api('GET', '/datapaths/dp-br0')).id);
    },
  ],
  2: [
    'turning filtering off and on again changes what an interface receives',
    async (scene) => {
      const ping = () => scene.wires.send('if-6', echo(six, three));
      expect(await ping()).toEqual(nothing);
      await call(scene, 'PUT', '/interfaces/if-3', { enable_filtering: 'false' });
      expect(await ping()).toEqual(pings.toFiltered);
      await call(scene, 'PUT', '/interfaces/if-3', { enable_filtering: 'true' });
      expect(await ping()).toEqual(nothing);
    },
  ],
  3: [
    'datapath id and node of a datapath can be changed, and the bridge that has the new id is served',
    async (scene) => {
      const wanted = await flowsOf(scene);
      await scene.host.api('PUT', '/datapaths/dp-br0', { dpid: '0xab', node_id: 'later' });
      await expect.poll(() => scene.host.agent.switches.served()).toEqual([]);
      await scene.host.vswitch.vsctl('set', 'Bridge', 'br0', 'other_config:datapath-id=00000000000000ab');
      await expect.poll(() => flowsOf(scene), { timeout: 5000 }).toEqual(wanted);
      expect(await scene.host.api('GET', '/datapaths/dp-br0')).toMatchObject({ node_id: 'later' });
    },
  ],
  4: [
    'changing what a filter lets pass one way leaves the other way as it is',
    async (scene) => {
      const seen = async () => [
        await scene.wires.send('if-6', echo(six, three)),
        await scene.wires.send('if-3', echo(three, six)),
      ];
      await call(scene, 'PUT', '/filters/fil-3', { ingress_passthrough: 'true' });
      await call(scene, 'PUT', '/filters/fil-3', { egress_passthrough: 'true' });
      expect(await seen()).toEqual([pings.toFiltered, pings.fromFiltered]);
      await call(scene, 'PUT', '/filters/fil-3', { ingress_passthrough: 'false' });
      expect(await seen()).toEqual([nothing, pings.fromFiltered]);
    },
  ],
  5: [
    'removing a broad rule of a filter leaves the narrower rules',
    async (scene) => {
      const narrow = { protocol: 'icmp', src_address: '10.0.2.6/32', dst_address: '10.0.2.3/32', action: 'pass' };
      const broad = { protocol: 'icmp', src_address: '10.0.0.0/8', dst_address: '0.0.0.0/0', action: 'pass' };
      await call(scene, 'POST', '/filters/fil-3/static', narrow);
      const before = await flowsOf(scene);
      await call(scene, 'POST', '/filters/fil-3/static', broad);
      const { action: _, ...selected } = broad;
      await call(scene, 'DELETE', '/filters/fil-3/static', selected);
      expect(await flowsOf(scene)).toEqual(before);
      expect(await scene.wires.send('if-6', echo(six, three))).toEqual(pings.toFiltered);
    },
  ],
  6: [
    'releasing one IP lease leaves the interface in the broadcasts of its other networks',
    async (scene) => {
      expect([await hearers(scene, 'if-1', one), await hearers(scene, 'if-5', five)]).toEqual([
        ['if-2', 'if-4'],
        ['if-4'],
      ]);
      await call(scene, 'DELETE', '/ip_leases/il-4b');
      expect([await hearers(scene, 'if-1', one), await hearers(scene, 'if-5', five)]).toEqual([['if-2', 'if-4'], []]);
    },
  ],
  7: [
    'removing a MAC lease takes every flow of its MAC address away',
    async (scene) => {
      const flows = () => flowsWith(scene, macText(macOf(14)));
      expect((await flows()).length).toBeGreaterThan(1);
      await call(scene, 'DELETE', '/mac_leases/ml-s3');
      expect(await flows()).toEqual([]);
      expect(await scene.wires.send('if-s3', plain(macOf(14), everyone))).toEqual(nothing);
      // The other MAC address of the interface is not concerned.
      expect((await flowsWith(scene, macText(stationIn('if-s3')))).length).toBeGreaterThan(1);
    },
  ],
  8: [
    'deleting a simulated interface takes all its flows away, those of its services too',
    async (scene) => {
      // A filter lets DHCP pass at any port.
      const flows = async () =>
        (await flowsWith(scene, macText(station('if-srv').mac), '10.0.1.253', 'tp_dst=53', 'tp_dst=67')).filter(
          (line) => !line.includes('tp_dst=67') || line.includes('in_port='),
        );
      expect((await flows()).length).toBeGreaterThan(3);
      await call(scene, 'DELETE', '/interfaces/if-srv');
      expect(await flows()).toEqual([]);
      expect(await scene.wires.send('if-1', arpRequest(one, station('if-srv').ip))).toEqual(nothing);
      expect(await scene.wires.send('if-1', echo(one, station('if-srv')))).toEqual(nothing);
    },
  ],
  9: [
    'a port of a host or a promiscuous interface that is removed leaves no flow',
    async (scene) => {
      const { host, wires } = scene;
      await call(scene, 'POST', '/interfaces', { uuid: 'if-p', mode: 'promiscuous', port_name: 'nic1' });
      await call(scene, 'PUT', '/interfaces/if-p/segments/seg-1', { static: 'true' });
      await call(scene, 'POST', '/networks', { uuid: 'nw-p', mode: 'physical', ipv4_network: '10.0.8.0' });
      const address = { network_uuid: 'nw-p', ipv4_address: '10.0.8.5', mac_address: macText(macOf(50)) };
      await call(scene, 'POST', '/interfaces', { uuid: 'if-h', mode: 'host', port_name: 'nic2', ...address });
      const without = await flowsOf(scene);
      for (const [port, number] of [
        ['nic1', 20],
        ['nic2', 21],
      ] as const) {
        await wires.plug(port, number);
        await expect.poll(() => flowsWith(scene, `in_port=${number}`), { timeout: 5000 }).not.toEqual([]);
        wires.unplug(port);
        await host.vswitch.deletePorts(port);
        await expect.poll(() => flowsOf(scene), { timeout: 5000 }).toEqual(without);
      }
    },
  ],
  10: [
    'on one host: a port that goes is not flooded to any more',
    async (scene) => {
      const outputs = async () => (await scene.host.vswitch.flows('br0')).filter((line) => /output:2\b/.test(line));
      expect((await outputs()).length).toBeGreaterThan(0);
      await scene.host.vswitch.deletePorts('if-2');
      await expect.poll(outputs, { timeout: 5000 }).toEqual([]);
      await scene.host.settled({ complete: false });
      expect(await hearers(scene, 'if-1', one)).toEqual(['if-4']);
    },
  ],
  11: [
    'deleting a route link takes the flows of its routes away, without an error',
    async (scene) => {
      const routed = () => scene.wires.send('if-1', echo(one, by('if-gw1', '10.0.2.6')));
      expect(await routed()).toEqual({ 'if-6': ['echo request 10.0.1.1 > 10.0.2.6'] });
      const flows = async () => (await scene.host.flows()).filter(({ body }) => body.charCodeAt(0) === route.cookie);
      expect((await flows()).length).toBeGreaterThan(route.always!.length);
      await call(scene, 'DELETE', '/route_links/rl-1');
      expect(await flows()).toHaveLength(route.always!.length);
      expect(Object.keys(await routed())).not.toContain('if-6');
    },
  ],
  12: [
    'on one host: removing the last row of a datapath that is elsewhere leaves no flow and is no error',
    (scene) => comesAndGoes(scene, 'networks/nw-1', {}),
  ],
  13: [
    'on one host: removing route links from datapaths, here and elsewhere, leaves no flow and is no error',
    (scene) => comesAndGoes(scene, 'route_links/rl-1', { mac_address: '02:00:00:00:00:aa' }),
  ],
  14: [
    'on one host: removing segments from datapaths, as tunnels would need them, leaves no flow and is no error',
    (scene) => comesAndGoes(scene, 'segments/seg-1', {}),
  ],
  15: [
    'an entry of a translation needs no route link',
    async (scene) => {
      const lease = {
        interface_uuid: 'if-gw2',
        network_uuid: 'nw-2',
        ipv4_address: '10.0.2.101',
        enable_routing: 'true',
      };
      await call(scene, 'POST', '/ip_leases', { uuid: 'il-any', ...lease });
      const entry = { ingress_ipv4_address: '10.0.2.101', egress_ipv4_address: '10.0.1.2' };
      await call(scene, 'POST', '/translations/tr-2/static_address', entry);
      await call(scene, 'PUT', '/translations/tr-2', { passthrough: 'true' });
      await call(scene, 'PUT', '/interfaces/if-gw2', { enable_route_translation: 'true' });
      expect(await scene.wires.send('if-6', echo(six, by('if-gw2', '10.0.2.101')))).toEqual({
        'if-2': ['echo request 10.0.2.6 > 10.0.1.2'],
      });
    },
  ],
  16: [
    'a translation that lets pass what it does not translate does so',
    async (scene) => {
      const ping = () => scene.wires.send('if-5', echo(five, by('if-gw3', '10.0.1.1')));
      expect(await ping()).toEqual(nothing);
      await call(scene, 'PUT', '/translations/tr-3', { passthrough: 'true' });
      expect(await ping()).toEqual({ 'if-1': ['echo request 10.0.3.5 > 10.0.1.1'] });
    },
  ],
  17: [
    'a simulated interface is found though its number is not that of its port',
    async (scene) => {
      // From here on ports have higher numbers than their interfaces.
      await call(scene, 'POST', '/interfaces/if-1/ports', { datapath_uuid: 'dp-other', port_name: 'tap1' });
      await call(scene, 'POST', '/networks', { uuid: 'nw-9', ipv4_network: '10.0.9.0', mode: 'virtual' });
      const gateway = { mac: macOf(109), ip: by('if-gw1', '10.0.9.254').ip };
      const guest = { mac: macOf(9), ip: by('if-gw1', '10.0.9.1').ip };
      const common = { network_uuid: 'nw-9' };
      for (const form of [
        { uuid: 'if-gw9', mode: 'simulated', ipv4_address: '10.0.9.254', mac_address: macText(gateway.mac) },
        { uuid: 'if-9', ipv4_address: '10.0.9.1', mac_address: macText(guest.mac) },
      ])
        await call(scene, 'POST', '/interfaces', { ...common, ...form });
      const { id } = await scene.host.api('GET', '/interfaces/if-gw9');
      const [port] = (await scene.host.api('GET', '/interfaces/if-gw9/ports')).items;
      expect(port.id).not.toBe(id);
      await scene.wires.plug('if-9', 9);
      await scene.host.settled({ complete: false });
      expect(await scene.wires.send('if-9', echo(guest, gateway), 'if-9')).toEqual({
        'if-9': ['echo reply 10.0.9.254 > 10.0.9.1'],
      });
    },
  ],
  18: [
    'a simulated interface of another datapath is not loaded here, nor by an agent that starts',
    async (scene) => {
      const before = await flowsOf(scene);
      const elsewhere = { mac: macOf(110), ip: by('if-gw1', '10.0.1.200').ip };
      await call(scene, 'POST', '/interfaces', {
        uuid: 'if-there',
        mode: 'simulated',
        owner_datapath_uuid: 'dp-other',
        network_uuid: 'nw-1',
        ipv4_address: '10.0.1.200',
        mac_address: macText(elsewhere.mac),
      });
      expect(await flowsOf(scene)).toEqual(before);
      await scene.host.stopAgent();
      await scene.host.startAgent();
      await scene.host.settled({ complete: false });
      expect(await flowsOf(scene)).toEqual(before);
      expect(await scene.wires.send('if-1', echo(one, elsewhere))).toEqual(nothing);
    },
  ],
  19: [
    'no more than 20 packets wait for a next hop that does not answer',
    async () => {
      const model = new TestModel();
      for (const row of [
        ...networkRows(1),
        ...interfaceRows(101, 1, 0x0a0001fe, 'simulated'),
        ...plainInterface(31, 'promiscuous', 'if-31'),
        staticRow(1, 31, { network: 1 }),
      ])
        model.put(...row);
      const { compiler } = new TestSwitch(model).port(31);
      compiler.update();
      const silent = { send: () => undefined } as unknown as SwitchConnection;
      const neighbours = new Neighbours(
        compiler,
        () => silent,
        () => undefined,
      );
      const told: unknown[] = [];
      for (let packet = 0; packet < 100; packet++)
        void neighbours.find({ domain: 1, ip: 0x0a000163 }, '1').then((answer) => told.push(answer));
      await new Promise(setImmediate);
      expect(told).toEqual(Array(80).fill('busy'));
      neighbours.close();
      await new Promise(setImmediate);
      expect(told).toHaveLength(100);
    },
  ],
  20: [
    'short frames are filled up with zeros',
    async () => {
      const arp = encodeArp({ operation: 1, sha: 1, spa: 2, tha: 3, tpa: 4 });
      const frame = encodeEthernet({ dst: 1, src: 2, type: etherType.arp, payload: arp }, { minSize: 60 });
      expect(frame.subarray(42)).toEqual(Buffer.alloc(18));
    },
  ],
  21: [
    'addresses of a lease policy follow one another, whatever is leased elsewhere',
    async (scene) => {
      const { host } = scene;
      const range = { uuid: 'ipr-1', begin_ipv4_address: '10.0.1.50', end_ipv4_address: '10.0.1.60' };
      await host.api('POST', '/ip_range_groups/iprg-1/ip_ranges', range);
      await host.api('POST', '/lease_policies/lp-1/networks/nw-1', { ip_range_group_uuid: 'iprg-1' });
      const next = async () => {
        const { uuid } = await host.api('POST', '/lease_policies/lp-1/ip_leases');
        return (await host.api('GET', `/ip_leases/${uuid}`)).ipv4_address;
      };
      const given = [await next()];
      await host.api('POST', '/ip_leases', { network_uuid: 'nw-3', ipv4_address: '10.0.3.57' });
      await host.api('POST', '/ip_leases', { network_uuid: 'nw-1', ipv4_address: '10.0.1.58' });
      given.push(await next(), await next());
      expect(given).toEqual(['10.0.1.50', '10.0.1.51', '10.0.1.52']);
    },
  ],
  22: [
    'a retention container without a lease time keeps its leases, without an error',
    async (scene) => {
      const { host } = scene;
      await host.api('POST', '/ip_retention_containers', { uuid: 'irc-2' });
      const range = { uuid: 'ipr-1', begin_ipv4_address: '10.0.1.50', end_ipv4_address: '10.0.1.60' };
      await host.api('POST', '/ip_range_groups/iprg-1/ip_ranges', range);
      await host.api('POST', '/lease_policies/lp-1/networks/nw-1', { ip_range_group_uuid: 'iprg-1' });
      await host.api('POST', '/lease_policies/lp-1/ip_retention_containers/irc-2');
      const { uuid } = await host.api('POST', '/lease_policies/lp-1/ip_leases');
      const kept = async () => (await host.api('GET', '/ip_retention_containers/irc-2/ip_retentions')).items;
      expect(await kept()).toMatchObject([{ released_at: null }]);
      // What is due is looked at when the manager starts.
      await host.stopManager();
      await host.startManager();
      expect(await kept()).toMatchObject([{ released_at: null }]);
      expect((await host.api('GET', `/ip_leases/${uuid}`)).uuid).toBe(uuid);
      // That it had ended is all that there was to say.
      expect(host.complaints.splice(0).join()).toMatch(/^\{[^{]*the manager cannot be reached[^{]*$/);
    },
  ],
  23: [
    'enable_routing of an IP lease is in effect at once',
    async (scene) => {
      const ping = () => scene.wires.send('if-6', echo(six, by('if-gw2', '10.0.2.100')));
      expect(await ping()).toEqual(nothing);
      await call(scene, 'PUT', '/ip_leases/il-out', { enable_routing: 'false' });
      expect(await ping()).toEqual({ 'if-6': ['echo reply 10.0.2.100 > 10.0.2.6'] });
    },
  ],
  24: [
    'an association that is removed is removed at the agent too',
    async (scene) => {
      const rows = () => scene.host.agent.slice.relations.interface_network.size;
      const before = rows();
      await call(scene, 'PUT', '/interfaces/if-5/networks/nw-1', { static: 'true' });
      expect(rows()).toBe(before + 1);
      expect(await hearers(scene, 'if-1', one)).toContain('if-5');
      await call(scene, 'PUT', '/interfaces/if-5/networks/nw-1', { static: 'false' });
      expect(rows()).toBe(before);
      expect(await hearers(scene, 'if-1', one)).not.toContain('if-5');
    },
  ],
  25: [
    'flows of DNS services have cookies of their own, however high the numbers are',
    async () => {
      const high = 2 ** 20;
      const model = new TestModel();
      for (const [n, service] of [
        [1, 1],
        [2, 1 + high],
      ] as const)
        for (const row of [
          ...networkRows(n),
          ...interfaceRows(100 + n, n, 0x0a0000fe + n * 256, 'simulated'),
          ...serviceRows(service, 100 + n, 'dns'),
        ])
          model.put(...row);
      const { compiler } = new TestSwitch(model);
      compiler.update();
      const items = [...compiler.flows.keys()]
        .map((key) => readCookie(decodeFlow({ key, body: compiler.flows.get(key)! }).cookie))
        .filter(({ feature }) => feature === dns.cookie)
        .map(({ item }) => item);
      expect(items.sort((a, b) => a - b)).toEqual([1, 1 + high]);
    },
  ],
  26: [
    'DHCP answers from the server of the network in which the client is',
    async (scene) => {
      const second = { mac: macOf(105), ip: by('if-gw1', '10.0.3.253').ip };
      await call(scene, 'POST', '/interfaces', {
        uuid: 'if-srv3',
        mode: 'simulated',
        network_uuid: 'nw-3',
        ipv4_address: '10.0.3.253',
        mac_address: macText(second.mac),
      });
      await call(scene, 'POST', '/network_services', { interface_uuid: 'if-srv3', mode: 'dhcp' });
      for (const [port, guest, server] of [
        ['if-1', one, station('if-srv')],
        ['if-2', two, station('if-srv')],
        ['if-5', five, second],
      ] as const)
        expect(await discovers(scene, port, guest)).toMatchObject({
          yiaddr: guest.ip,
          options: { message_type: dhcpType.offer, server_id: server.ip },
        });
    },
  ],
  27: [
    'a segment joins its guests, and learns behind which uplink a station is',
    async (scene) => {
      const { wires } = scene;
      for (const [n, port] of [
        [20, 'nic1'],
        [21, 'nic2'],
      ] as const) {
        await wires.plug(port, n);
        await call(scene, 'POST', '/interfaces', { uuid: `if-p${n}`, mode: 'promiscuous', port_name: port });
        await call(scene, 'PUT', `/interfaces/if-p${n}/segments/seg-1`, { static: 'true' });
      }
      const [guest, other, outside] = [stationIn('if-s1'), stationIn('if-s2'), 0x02_00_00_00_00_99];
      const heard = async (port: string, from: number, to: number) =>
        Object.keys(await wires.send(port, plain(from, to))).sort();
      expect(await heard('if-s1', guest, other)).toEqual(['if-s2']);
      expect(await heard('if-s1', guest, outside)).toEqual(['nic1', 'nic2']);
      expect(await heard('nic1', outside, everyone)).toEqual(['if-s1', 'if-s2', 'nic2']);
      expect(await heard('if-s1', guest, outside)).toEqual(['nic1']);
      expect(await heard('nic2', outside, everyone)).toEqual(['if-s1', 'if-s2', 'nic1']);
      expect(await heard('if-s1', guest, outside)).toEqual(['nic2']);
    },
  ],
  28: [
    'what vnctl offers, the API has: an interface can be renamed',
    async ({ host }) => {
      const vnctl = fileURLToPath(new URL('../../../cli/bin/vnctl', import.meta.url));
      const env = { ...process.env, OPENVNET_API: host.managerUrl };
      const { stdout } = await promisify(execFile)(vnctl, ['interfaces', 'rename', 'if-1', '--new-uuid', 'if-new'], {
        env,
      });
      expect(stdout).toContain('if-new');
      await host.settled({ complete: false });
      expect((await host.api('GET', '/interfaces/if-new')).status.realised).toBe(true);
      await expect(host.api('GET', '/interfaces/if-1')).rejects.toThrow(' 404 ');
    },
  ],
};

describe('faults of the original', () => {
  it('are all here', () => {
    expect(Object.keys(faults)).toEqual(Array.from({ length: 28 }, (_, i) => `${i + 1}`));
  });

  it.each(Object.entries(faults).map(([number, [right, shown]]) => [number, right, shown] as const))(
    'fault %s: %s',
    async (_, __, shown) => {
      const scene = await populated();
      await using host = scene.host;
      await shown(scene);
      expect(host.complaints).toEqual([]);
    },
    30_000,
  );
});
