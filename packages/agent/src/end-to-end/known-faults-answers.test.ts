/** Faults of the original, by the numbers of its list, where packets are answered, translated or forwarded, and where addresses are given. */
import { dns, readCookie } from '@openvnet/compiler';
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
import { call, type Faults, five, flowsOf, nothing, one, type Scene, show, six, two } from '../testing/known-faults.ts';
import { by, station, stationIn } from '../testing/populated.ts';
import { datagram, echo, everyone, macOf, macText, plain } from '../testing/wires.ts';

const faults: Faults = {
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
};

describe('faults of the original', () => {
  it.each(Object.entries(faults).map(([number, fault]) => [number, fault[0], fault] as const))(
    'fault %s: %s',
    (_, __, fault) => show(fault),
    30_000,
  );
});

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
