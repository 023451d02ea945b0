/** Changes of live objects: every field that a request may change, and what that does to flows and packets. */
import { decodeEthernet, decodeIpv4, decodeUdp } from '@openvnet/packet';
import * as dns from 'dns-packet';
import type { Host } from './host.ts';
import { by, station, stationIn } from './populated.ts';
import { broadcast, datagram, echo, macOf, plain, type Wires, whole } from './wires.ts';

export interface Scene {
  readonly host: Host;
  readonly wires: Wires;
}

export type Form = Readonly<Record<string, string>>;

export interface LiveChange {
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
/** The flows that if-2 has by being at a port. */
const ofPort = ['delivery if-2', 'dhcp_admission if-2', 'flood nw-1', 'guard if-2', 'neighbour if-2', 'refused if-2'];
const [one, two, three, six] = [station('if-1'), station('if-2'), station('if-3'), station('if-6')];
const five = station('if-5');
const other = { mac: stationIn('if-s1') };

/** A datagram of a guest through its gateway. */
export const through = (
  gateway: Parameters<typeof by>[0],
  from: typeof one,
  ip: string,
  size = 10,
  dont_fragment = false,
) => {
  const frame = datagram(from, by(gateway, ip), [1000, 2000], new Uint8Array(size));
  if (dont_fragment) return whole(frame);
  return frame;
};

/** By field, what a request gives and what it does. `on` is there when the first change is made. */
export function liveChanges(on: Scene): Readonly<Record<string, LiveChange>> {
  /** A packet that passes after the change only. */
  const passesThen = (by: () => Promise<unknown>, after: unknown) => ({ by, before: nothing, after });

  /** The filter of if-3 lets echo requests pass that no rule is about: to it, and from it. */
  const passingFilter = (after: readonly object[]) => ({
    path: '/filters/fil-3',
    to: 'true',
    touches: ['filter if-3', 'filter_rules if-3', 'flood nw-2'],
    shows: {
      by: async () => [await on.wires.send('if-6', echo(six, three)), await on.wires.send('if-3', echo(three, six))],
      before: [nothing, nothing],
      after,
    },
  });

  /** What the DNS service says about a name: its code and first answer, and whether it would ask others. */
  async function asks(name: string): Promise<string> {
    const query = dns.encode({ type: 'query', id: 1, flags: dns.RECURSION_DESIRED, questions: [{ type: 'A', name }] });
    await on.wires.send('if-1', datagram(one, station('if-srv'), [1000, 53], query), 'if-1');
    const packet = decodeIpv4(decodeEthernet(on.wires.last('if-1')!).payload);
    const { rcode, flag_ra, answers } = dns.decode(Buffer.from(decodeUdp(packet.payload, packet).payload)) as never as {
      rcode: string;
      flag_ra: boolean;
      answers: { data: string }[];
    };
    return [rcode, ...answers.map(({ data }) => data), ...(flag_ra ? ['asks others'] : [])].join(' ');
  }

  /** Whether a list has an item that refers to an object. */
  async function joined(list: string, column: string, object: string, isStatic?: boolean): Promise<boolean> {
    const { id } = await on.host.api('GET', object);
    const { items } = await on.host.api('GET', list);
    return items.some((item: Record<string, unknown>) => item[column] === id && (!isStatic || item.static));
  }

  const association = (owner: string, list: string, uuid: string): Pick<LiveChange, 'back' | 'reads'> => ({
    back: [`/interfaces/${owner}/${list}/${uuid}`, { static: 'false' }],
    reads: () => joined(`/interfaces/${owner}/${list}`, `${list.slice(0, -1)}_id`, `/${list}/${uuid}`, true),
  });

  return {
    'datapaths.display_name': { path: '/datapaths/dp-br0', to: 'new' },
    'datapaths.enable_ovs_learn_action': { path: '/datapaths/dp-br0', to: 'false' },
    'datapaths.ipv4_address': {
      path: '/datapaths/dp-br0',
      to: '10.102.0.91',
      back: ['/datapaths/dp-br0', { ipv4_address: '10.102.0.92' }],
    },
    'datapaths.encapsulation': {
      path: '/datapaths/dp-br0',
      to: 'vxlan',
      back: ['/datapaths/dp-br0', { encapsulation: 'geneve' }],
    },
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
        by: () => on.wires.send('if-1', through('if-gw1', one, '10.0.2.6', 800, true), 'if-6', 'if-1'),
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
      shows: passesThen(() => on.wires.send('if-6', echo(six, three)), {
        'if-3': ['echo request 10.0.2.6 > 10.0.2.3'],
      }),
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
      shows: passesThen(() => on.wires.send('if-6', through('if-gw2', six, '10.0.2.100'), 'if-1', 'if-6'), {
        'if-1': ['udp 10.0.2.6 > 10.0.1.1 1000 > 2000'],
      }),
    },
    'interfaces.owner_datapath_uuid': {
      path: '/interfaces/if-2',
      to: 'dp-other',
      back: ['/interfaces/if-2', { owner_datapath_uuid: 'dp-br0' }],
      reads: () => joined('/interfaces/if-2/ports', 'datapath_id', '/datapaths/dp-other'),
      touches: ofPort,
      shows: {
        by: async () => [await on.wires.send('if-1', echo(one, two)), await on.wires.send('if-2', echo(two, one))],
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
        (await on.host.api('GET', '/interfaces/if-2/ports')).items.some(
          ({ port_name }: { port_name: string }) => port_name === 'elsewhere',
        ),
      touches: ofPort,
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
      shows: passesThen(() => on.wires.send('if-s1', plain(macOf(14), macOf(13))), { 'if-s3': ['frame 0x88b5'] }),
    },
    'mac_leases.segment_uuid': {
      path: '/mac_leases/ml-s3',
      to: 'seg-1',
      back: ['/mac_leases/ml-s3', { segment_uuid: 'seg-2' }],
      reads: () => joined('/interfaces/if-s3/segments', 'segment_id', '/segments/seg-1'),
      touches: ['delivery if-s3', 'flood seg-1', 'segment if-s3'],
      shows: passesThen(() => on.wires.send('if-s1', plain(stationIn('if-s1'), macOf(14))), {
        'if-s3': ['frame 0x88b5'],
      }),
    },
    'ip_leases.enable_routing': {
      path: '/ip_leases/il-out',
      to: 'false',
      touches: ['gateway if-gw2'],
      shows: passesThen(() => on.wires.send('if-6', echo(six, by('if-gw2', '10.0.2.100'))), {
        'if-6': ['echo reply 10.0.2.100 > 10.0.2.6'],
      }),
    },
    'ip_leases/attach.interface_uuid': {
      path: '/ip_leases/il-free/attach',
      to: 'if-2',
      back: ['/ip_leases/il-free/release', {}],
      reads: async () => (await on.host.api('GET', '/ip_leases/il-free')).interface_uuid === 'if-2',
      touches: ['guard if-2', 'neighbour if-2'],
      shows: passesThen(() => on.wires.send('if-2', echo({ ...two, ip: by('if-gw1', '10.0.1.9').ip }, one)), {
        'if-1': ['echo request 10.0.1.9 > 10.0.1.1'],
      }),
    },
    'routes.description': { path: '/routes/r-1', to: 'to the first network' },
    'network_services.display_name': { path: '/network_services/ns-dns', to: 'new' },
    'interfaces/networks.static': {
      path: '/interfaces/if-5/networks/nw-1',
      to: 'true',
      ...association('if-5', 'networks', 'nw-1'),
      touches: ['broadcast nw-1', 'flood nw-1'],
      shows: {
        by: async () => Object.keys(await on.wires.send('if-1', broadcast(one))),
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
        by: async () => Object.keys(await on.wires.send('if-s1', plain(other.mac, 0xffff_ffff_ffff))),
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
      ...passingFilter([{ 'if-3': ['echo request 10.0.2.6 > 10.0.2.3'] }, nothing]),
    },
    'filters.egress_passthrough': {
      ...passingFilter([nothing, { 'if-6': ['echo request 10.0.2.3 > 10.0.2.6'] }]),
    },
    'translations.passthrough': {
      path: '/translations/tr-3',
      to: 'true',
      touches: ['translator if-gw3'],
      shows: passesThen(() => on.wires.send('if-5', through('if-gw3', five, '10.0.1.1')), {
        'if-1': ['udp 10.0.3.5 > 10.0.1.1 1000 > 2000'],
      }),
    },
    'mac_range_groups.allocation_type': { path: '/mac_range_groups/mrg-1', to: 'incremental' },
    'ip_range_groups.allocation_type': { path: '/ip_range_groups/iprg-1', to: 'decremental' },
    'ip_retention_containers.lease_time': { path: '/ip_retention_containers/irc-1', to: '900' },
    'ip_retention_containers.grace_time': { path: '/ip_retention_containers/irc-1', to: '900' },
    'ip_leases/attach.mac_lease_uuid': {
      path: '/ip_leases/il-free/attach',
      to: 'ml-s3',
      back: ['/ip_leases/il-free/release', {}],
      reads: async () => (await on.host.api('GET', '/ip_leases/il-free')).mac_lease_uuid === 'ml-s3',
      touches: ['delivery if-s3', 'dhcp_admission if-s3', 'flood nw-1', 'guard if-s3', 'neighbour if-s3'],
      shows: passesThen(() => on.wires.send('if-s3', echo({ mac: macOf(14), ip: by('if-gw1', '10.0.1.9').ip }, one)), {
        'if-1': ['echo request 10.0.1.9 > 10.0.1.1'],
      }),
    },
    'ip_leases/release': {
      path: '/ip_leases/il-4b/release',
      to: '',
      back: ['/ip_leases/il-4b/attach', { interface_uuid: 'if-4' }],
      reads: async () => (await on.host.api('GET', '/ip_leases/il-4b')).interface_uuid === null,
      touches: ['delivery if-4', 'flood nw-3', 'guard if-4', 'neighbour if-4'],
      shows: {
        by: async () => [
          Object.keys(await on.wires.send('if-5', broadcast(five))),
          Object.keys(await on.wires.send('if-1', broadcast(one))),
        ],
        before: [['if-4'], ['if-2', 'if-4']],
        after: [[], ['if-2', 'if-4']],
      },
    },
    ip_lease_containers: { path: '/ip_lease_containers/ilc-1', to: '' },
    topologies: { path: '/topologies/topo-1', to: '' },
    'lease_policies.timing': { path: '/lease_policies/lp-1', to: 'immediate' },
  };
}
