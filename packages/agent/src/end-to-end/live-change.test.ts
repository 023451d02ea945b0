import { decidedBy } from '@openvnet/compiler';
import { fieldsOf, type Resource, resourceOf, resources } from '@openvnet/model';
import { decodeFlow } from '@openvnet/openflow';
import { decodeEthernet, decodeIpv4, decodeUdp } from '@openvnet/packet';
import * as dns from 'dns-packet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { added, arrivals, fromNothing, type Host, textOf, until } from '../testing/host.ts';
import { by, populated, station, stationIn } from '../testing/populated.ts';
import { broadcast, datagram, echo, macOf, plain, type Wires, whole } from '../testing/wires.ts';

let host: Host;
let wires: Wires;
beforeAll(async () => {
  ({ host, wires } = await populated());
}, 30_000);
afterAll(() => host?.[Symbol.asyncDispose]());

type Form = Readonly<Record<string, string>>;

interface Case {
  /** The object, and what it is changed to. */
  readonly path: string;
  readonly to: string;
  /** What undoes it, where that is not the same field. */
  readonly back?: readonly [path: string, form: Form];
  /** What says that it is so, where the record does not show the field by its name. */
  readonly reads?: () => Promise<unknown>;
  /** The flows that change: the features that make them, and of which objects. Nothing unless given. */
  readonly touches?: readonly string[];
  /** What a packet shows, before and after. */
  readonly shows?: { readonly by: () => Promise<unknown>; readonly before: unknown; readonly after: unknown };
}

const nothing = {};
const [one, two, three, six] = [station('if-1'), station('if-2'), station('if-3'), station('if-6')];
const five = station('if-5');
const other = { mac: stationIn('if-s1') };

/** A datagram of a guest through its gateway. */
const through = (gateway: Parameters<typeof by>[0], from: typeof one, ip: string, size = 10, dont_fragment = false) => {
  const frame = datagram(from, by(gateway, ip), [1000, 2000], new Uint8Array(size));
  if (dont_fragment) return whole(frame);
  return frame;
};

/** What the DNS service says about a name: its code and first answer, and whether it would ask others. */
async function asks(name: string): Promise<string> {
  const query = dns.encode({ type: 'query', id: 1, flags: dns.RECURSION_DESIRED, questions: [{ type: 'A', name }] });
  await wires.send('if-1', datagram(one, station('if-srv'), [1000, 53], query), 'if-1');
  const packet = decodeIpv4(decodeEthernet(wires.last('if-1')!).payload);
  const { rcode, flag_ra, answers } = dns.decode(Buffer.from(decodeUdp(packet.payload, packet).payload)) as never as {
    rcode: string;
    flag_ra: boolean;
    answers: { data: string }[];
  };
  return [rcode, ...answers.map(({ data }) => data), ...(flag_ra ? ['asks others'] : [])].join(' ');
}

/** Whether a list has an item that refers to an object. */
async function joined(list: string, column: string, object: string, isStatic?: boolean): Promise<boolean> {
  const { id } = await host.api('GET', object);
  const { items } = await host.api('GET', list);
  return items.some((item: Record<string, unknown>) => item[column] === id && (!isStatic || item.static));
}

const association = (owner: string, list: string, uuid: string): Pick<Case, 'back' | 'reads'> => ({
  back: [`/interfaces/${owner}/${list}/${uuid}`, { static: 'false' }],
  reads: () => joined(`/interfaces/${owner}/${list}`, `${list.slice(0, -1)}_id`, `/${list}/${uuid}`, true),
});

/** Every field that a request may change: what the request gives, and what it does. */
const cases: Readonly<Record<string, Case>> = {
  'datapaths.display_name': { path: '/datapaths/dp-br0', to: 'new' },
  'datapaths.enable_ovs_learn_action': { path: '/datapaths/dp-br0', to: 'false' },
  'datapaths.node_id': { path: '/datapaths/dp-br0', to: 'another' },
  'networks.display_name': { path: '/networks/nw-1', to: 'new' },
  'networks.domain_name': {
    path: '/networks/nw-1',
    to: 'new',
    shows: { by: () => asks('2.new'), before: 'SERVFAIL', after: 'NOERROR 10.0.1.2' },
  },
  'networks.mtu': {
    path: '/networks/nw-2',
    to: '600',
    touches: ['route if-gw2'],
    shows: {
      by: () => wires.send('if-1', through('if-gw1', one, '10.0.2.6', 800, true), 'if-6', 'if-1'),
      before: { 'if-6': ['udp 10.0.1.1 > 10.0.2.6 1000 > 2000'] },
      after: { 'if-1': ['icmp 3/4 10.0.1.254 > 10.0.1.1'] },
    },
  },
  'interfaces.display_name': {
    path: '/interfaces/if-2',
    to: 'printer',
    shows: { by: () => asks('printer.net1'), before: 'NXDOMAIN', after: 'NOERROR 10.0.1.2' },
  },
  'interfaces.enable_filtering': {
    path: '/interfaces/if-3',
    to: 'false',
    touches: ['delivery if-3', 'filter if-3', 'filter_rules if-3', 'flood nw-2', 'guard if-3'],
    shows: {
      by: () => wires.send('if-6', echo(six, three)),
      before: nothing,
      after: { 'if-3': ['echo request 10.0.2.6 > 10.0.2.3'] },
    },
  },
  'interfaces.enable_routing': { path: '/interfaces/if-1', to: 'true', touches: ['guard if-1'] },
  'interfaces.enable_route_translation': {
    path: '/interfaces/if-gw2',
    to: 'true',
    touches: [
      'gateway if-gw2',
      'icmp_translation if-gw2',
      'route if-gw2',
      'translation if-gw2',
      'translation_fragments if-gw2',
      'translator if-gw2',
    ],
    shows: {
      by: () => wires.send('if-6', through('if-gw2', six, '10.0.2.100'), 'if-1', 'if-6'),
      before: nothing,
      after: { 'if-1': ['udp 10.0.2.6 > 10.0.1.1 1000 > 2000'] },
    },
  },
  'interfaces.owner_datapath_uuid': {
    path: '/interfaces/if-2',
    to: 'dp-other',
    back: ['/interfaces/if-2', { owner_datapath_uuid: 'dp-br0' }],
    reads: () => joined('/interfaces/if-2/ports', 'datapath_id', '/datapaths/dp-other'),
    touches: ['delivery if-2', 'dhcp_admission if-2', 'flood nw-1', 'guard if-2', 'neighbour if-2', 'refused if-2'],
    shows: {
      by: async () => [await wires.send('if-1', echo(one, two)), await wires.send('if-2', echo(two, one))],
      before: [{ 'if-2': ['echo request 10.0.1.1 > 10.0.1.2'] }, { 'if-1': ['echo request 10.0.1.2 > 10.0.1.1'] }],
      after: [nothing, nothing],
    },
  },
  'interfaces.ipv4_address': {
    path: '/interfaces/if-2',
    to: '10.0.1.77',
    touches: ['guard if-2', 'neighbour if-2'],
  },
  'interfaces.mac_address': {
    path: '/interfaces/if-2',
    to: '52:54:00:00:00:77',
    touches: ['delivery if-2', 'dhcp_admission if-2', 'guard if-2', 'neighbour if-2'],
  },
  'interfaces.port_name': {
    path: '/interfaces/if-2',
    to: 'elsewhere',
    back: ['/interfaces/if-2', { port_name: 'if-2' }],
    reads: async () =>
      (await host.api('GET', '/interfaces/if-2/ports')).items.some(
        ({ port_name }: { port_name: string }) => port_name === 'elsewhere',
      ),
    touches: ['delivery if-2', 'dhcp_admission if-2', 'flood nw-1', 'guard if-2', 'neighbour if-2', 'refused if-2'],
  },
  'interfaces.mode': {
    path: '/interfaces/if-2',
    to: 'simulated',
    touches: ['delivery if-2', 'dhcp_admission if-2', 'flood nw-1', 'gateway if-2', 'guard if-2', 'refused if-2'],
  },
  'routes.ingress': { path: '/routes/r-1', to: 'false', touches: ['route if-gw1'] },
  'routes.egress': { path: '/routes/r-2', to: 'false', touches: ['route if-gw2'] },
  'mac_leases.interface_uuid': {
    path: '/mac_leases/ml-s3',
    to: 'if-s1',
    touches: ['delivery if-s1', 'delivery if-s3', 'flood seg-2', 'segment if-s1', 'segment if-s3'],
    shows: {
      by: () => wires.send('if-s1', plain(macOf(14), macOf(13))),
      before: nothing,
      after: { 'if-s3': ['frame 0x88b5'] },
    },
  },
  'mac_leases.segment_uuid': {
    path: '/mac_leases/ml-s3',
    to: 'seg-1',
    back: ['/mac_leases/ml-s3', { segment_uuid: 'seg-2' }],
    reads: () => joined('/interfaces/if-s3/segments', 'segment_id', '/segments/seg-1'),
    touches: ['delivery if-s3', 'flood seg-1', 'segment if-s3'],
    shows: {
      by: () => wires.send('if-s1', plain(stationIn('if-s1'), macOf(14))),
      before: nothing,
      after: { 'if-s3': ['frame 0x88b5'] },
    },
  },
  'ip_leases.enable_routing': {
    path: '/ip_leases/il-out',
    to: 'false',
    touches: ['gateway if-gw2'],
    shows: {
      by: () => wires.send('if-6', echo(six, by('if-gw2', '10.0.2.100'))),
      before: nothing,
      after: { 'if-6': ['echo reply 10.0.2.100 > 10.0.2.6'] },
    },
  },
  'ip_leases/attach.interface_uuid': {
    path: '/ip_leases/il-free/attach',
    to: 'if-2',
    back: ['/ip_leases/il-free/release', {}],
    reads: async () => (await host.api('GET', '/ip_leases/il-free')).interface_uuid === 'if-2',
    touches: ['guard if-2', 'neighbour if-2'],
    shows: {
      by: () => wires.send('if-2', echo({ ...two, ip: by('if-gw1', '10.0.1.9').ip }, one)),
      before: nothing,
      after: { 'if-1': ['echo request 10.0.1.9 > 10.0.1.1'] },
    },
  },
  'network_services.display_name': { path: '/network_services/ns-dns', to: 'new' },
  'interfaces/networks.static': {
    path: '/interfaces/if-5/networks/nw-1',
    to: 'true',
    ...association('if-5', 'networks', 'nw-1'),
    touches: ['broadcast nw-1', 'flood nw-1'],
    shows: {
      by: async () => Object.keys(await wires.send('if-1', broadcast(one))),
      before: ['if-2', 'if-4'],
      after: ['if-2', 'if-4', 'if-5'],
    },
  },
  'interfaces/segments.static': {
    path: '/interfaces/if-5/segments/seg-1',
    to: 'true',
    ...association('if-5', 'segments', 'seg-1'),
    touches: ['flood seg-1'],
    shows: {
      by: async () => Object.keys(await wires.send('if-s1', plain(other.mac, 0xffff_ffff_ffff))),
      before: ['if-s2'],
      after: ['if-5', 'if-s2'],
    },
  },
  'interfaces/route_links.static': {
    path: '/interfaces/if-gw1/route_links/rl-2',
    to: 'true',
    ...association('if-gw1', 'route_links', 'rl-2'),
  },
  'dns_services.public_dns': {
    path: '/dns_services/dnss-1',
    to: '127.0.0.99',
    shows: { by: () => asks('www'), before: 'NOERROR 10.0.1.2', after: 'NOERROR 10.0.1.2 asks others' },
  },
  'filters.ingress_passthrough': {
    path: '/filters/fil-3',
    to: 'true',
    touches: ['filter if-3', 'filter_rules if-3', 'flood nw-2'],
    shows: {
      by: async () => [await wires.send('if-6', echo(six, three)), await wires.send('if-3', echo(three, six))],
      before: [nothing, nothing],
      after: [{ 'if-3': ['echo request 10.0.2.6 > 10.0.2.3'] }, nothing],
    },
  },
  'filters.egress_passthrough': {
    path: '/filters/fil-3',
    to: 'true',
    touches: ['filter if-3', 'filter_rules if-3', 'flood nw-2'],
    shows: {
      by: async () => [await wires.send('if-6', echo(six, three)), await wires.send('if-3', echo(three, six))],
      before: [nothing, nothing],
      after: [nothing, { 'if-6': ['echo request 10.0.2.3 > 10.0.2.6'] }],
    },
  },
  'translations.passthrough': {
    path: '/translations/tr-3',
    to: 'true',
    touches: ['translator if-gw3'],
    shows: {
      by: () => wires.send('if-5', through('if-gw3', five, '10.0.1.1')),
      before: nothing,
      after: { 'if-1': ['udp 10.0.3.5 > 10.0.1.1 1000 > 2000'] },
    },
  },
  'mac_range_groups.allocation_type': { path: '/mac_range_groups/mrg-1', to: 'incremental' },
  'ip_range_groups.allocation_type': { path: '/ip_range_groups/iprg-1', to: 'decremental' },
  'ip_retention_containers.lease_time': { path: '/ip_retention_containers/irc-1', to: '900' },
  'ip_retention_containers.grace_time': { path: '/ip_retention_containers/irc-1', to: '900' },
  'ip_leases/attach.mac_lease_uuid': {
    path: '/ip_leases/il-free/attach',
    to: 'ml-s3',
    back: ['/ip_leases/il-free/release', {}],
    reads: async () => (await host.api('GET', '/ip_leases/il-free')).mac_lease_uuid === 'ml-s3',
    touches: ['delivery if-s3', 'dhcp_admission if-s3', 'flood nw-1', 'guard if-s3', 'neighbour if-s3'],
    shows: {
      by: () => wires.send('if-s3', echo({ mac: macOf(14), ip: by('if-gw1', '10.0.1.9').ip }, one)),
      before: nothing,
      after: { 'if-1': ['echo request 10.0.1.9 > 10.0.1.1'] },
    },
  },
  'ip_leases/release': {
    path: '/ip_leases/il-4b/release',
    to: '',
    back: ['/ip_leases/il-4b/attach', { interface_uuid: 'if-4' }],
    reads: async () => (await host.api('GET', '/ip_leases/il-4b')).interface_uuid === null,
    touches: ['delivery if-4', 'flood nw-3', 'guard if-4', 'neighbour if-4'],
    shows: {
      by: async () => [
        Object.keys(await wires.send('if-5', broadcast(five))),
        Object.keys(await wires.send('if-1', broadcast(one))),
      ],
      before: [['if-4'], ['if-2', 'if-4']],
      after: [[], ['if-2', 'if-4']],
    },
  },
  ip_lease_containers: { path: '/ip_lease_containers/ilc-1', to: '' },
  topologies: { path: '/topologies/topo-1', to: '' },
  'lease_policies.timing': { path: '/lease_policies/lp-1', to: 'immediate' },
};

/** Each flow, with the feature that made it and the object that it is of. */
async function namedNow(): Promise<Map<string, string>> {
  const { relations } = host.served!.compiler;
  return new Map(
    (await host.flows()).map((flow) => {
      const { feature, object_uuid, interface_uuid } = decidedBy(relations, decodeFlow(flow));
      return [textOf(flow), [feature, interface_uuid ?? object_uuid].filter(Boolean).join(' ')];
    }),
  );
}

/** Whose flows are in one and not in the other. */
function differing(a: Map<string, string>, b: Map<string, string>): string[] {
  const only = (x: Map<string, string>, y: Map<string, string>) => [...x].filter(([text]) => !y.has(text));
  return [...new Set([...only(a, b), ...only(b, a)].map(([, name]) => name))].sort();
}

async function change(path: string, form: Form): Promise<void> {
  await host.api('PUT', path, form);
  await host.settled({ complete: false });
}

describe('a change of a live object', () => {
  it('is tried for every field that the API takes', async () => {
    const { paths } = await host.api('GET', '/openapi');
    const offered = Object.entries(paths as Record<string, { put?: Operation }>).flatMap(([path, { put }]) => {
      const name = path.replace('/api/1.0/', '').replace(/\/\{\w+\}/g, '');
      if (!put) return [];
      const fields = Object.keys(put.requestBody?.content['application/json'].schema.properties ?? {});
      return fields.length === 0 ? [name] : fields.map((field) => `${name}.${field}`);
    });
    expect([...Object.keys(cases), ...elsewhere].sort()).toEqual(offered.sort());
    const declared = Object.values(resources).flatMap((resource) => {
      const { nested, plural } = resource as Resource;
      if (nested && nested.operations !== 'set') return [];
      const name = nested ? `${resourceOf(nested.of).plural}/${nested.name}` : plural;
      return fieldsOf(resource).flatMap(([field, { immutable, derived }]) =>
        immutable || derived ? [] : [`${name}.${field}`],
      );
    });
    expect(offered).toEqual(expect.arrayContaining(declared));
  });

  it.each(Object.entries(cases))(
    'is in effect at once, and touches no other flow: %s',
    async (name, { path, to, reads, back, shows, touches = [] }) => {
      const field = name.split('.')[1];
      const form: Form = field ? { [field]: to } : {};
      const object = path.replace(/\/(attach|release)$/, '');
      const was = back ? undefined : await host.api('GET', object);
      if (shows) expect(await shows.by()).toEqual(shows.before);
      const [before, ages] = [await namedNow(), await arrivals(host)];

      try {
        await change(path, form);
        if (reads) expect(await reads()).toBe(true);
        else if (field) expect(String((await host.api('GET', object))[field])).toBe(to);
        const after = await arrivals(host);
        expect([...after.keys()]).toEqual(fromNothing(host));
        expect(added(ages, after)).toEqual([]);
        expect(differing(before, await namedNow())).toEqual([...touches].sort());
        if (shows) expect(await shows.by()).toEqual(shows.after);

        await host.stopAgent();
        await host.startAgent();
        await host.settled({ complete: false });
        const again = await arrivals(host);
        expect([...again.keys()]).toEqual([...after.keys()]);
        expect(added(after, again)).toEqual([]);
      } finally {
        await change(...(back ?? [path, field ? { [field]: String(was[field] ?? '') } : {}]));
      }
      expect([...(await namedNow()).keys()]).toEqual([...before.keys()]);
      if (shows) expect(await shows.by()).toEqual(shows.before);
      expect(host.complaints).toEqual([]);
    },
    20_000,
  );
});

interface Operation {
  readonly requestBody?: {
    readonly content: { readonly 'application/json': { readonly schema: { readonly properties?: object } } };
  };
}

/** What is not changed to and fro between the same flows: see below. */
const elsewhere = ['datapaths.dpid', 'datapaths/adopt.confirm', 'interfaces/rename.new_uuid'];

it('another name of an interface touches no flow', async () => {
  const before = await arrivals(host);
  await change('/interfaces/if-5/rename', { new_uuid: 'if-five' });
  try {
    const after = await arrivals(host);
    expect([...after.keys()]).toEqual(fromNothing(host));
    expect([...after.keys()]).toEqual([...before.keys()]);
    expect(added(before, after)).toEqual([]);
    expect((await host.api('GET', '/interfaces/if-five')).status.realised).toBe(true);
  } finally {
    await change('/interfaces/if-five/rename', { new_uuid: 'if-5' });
  }
});

it('a number that was given can be taken away again: the network has no largest packet then', async () => {
  const big = () => wires.send('if-1', through('if-gw1', one, '10.0.2.6', 1450, true), 'if-6', 'if-1');
  expect(Object.keys(await big())).toEqual(['if-1']);
  await change('/networks/nw-2', { mtu: '' });
  expect((await host.api('GET', '/networks/nw-2')).mtu).toBeNull();
  expect(Object.keys(await big())).toEqual(['if-6']);
  await change('/networks/nw-2', { mtu: '1400' });
  await change('/ip_retention_containers/irc-1', { lease_time: '' });
  expect((await host.api('GET', '/ip_retention_containers/irc-1')).lease_time).toBeNull();
  await expect(host.api('POST', '/networks', { ipv4_network: '10.9.0.0', mtu: '' })).rejects.toThrow(' 400 ');
}, 20_000);

it('a datapath whose datapath id is changed is another bridge from then on', async () => {
  const before = (await host.flows()).map(textOf);
  await host.vswitch.addBridge({ name: 'br1', datapathId: '00000000000000ab', failMode: 'standalone' });
  await change('/datapaths/dp-br0', { dpid: '0xab' });
  expect((await host.api('GET', '/datapaths/dp-br0')).dpid).toBe('0x00000000000000ab');
  // What nobody serves stays closed.
  await host.closes('br0');
  expect(await host.vswitch.flows('br0')).toEqual([]);
  const served = () => host.agent.switches.served().map(({ dpid }) => dpid);
  expect(served()).toEqual(['00000000000000ab']);
  await change('/datapaths/dp-br0', { dpid: '0x000002fdee8e0a44' });
  await until(async () => JSON.stringify((await host.flows()).map(textOf)) === JSON.stringify(before));
  expect(served()).toEqual(['000002fdee8e0a44']);
  await host.closes('br1');
  expect(host.complaints).toEqual([]);
}, 20_000);
