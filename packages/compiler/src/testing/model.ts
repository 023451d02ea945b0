/**
 * What tests of the pipeline share: models written as a person would say them, and packets as guests send them. The
 * first two hosts of network N are `10.0.N.1` and so on; names of interfaces are names of ports.
 */
import { decodeFlow, type Match, type MatchValue } from '@openvnet/openflow';
import { Compiler } from '../engine/compiler.ts';
import type { Identified, Relation } from '../engine/relation.ts';
import { type ModelRelations, type ModelRows, modelRelations, portOf } from '../engine/relations.ts';
import { derivations, features } from '../features/index.ts';
import type { Inspected } from '../inside/flows.ts';
import { tableNames } from '../pipeline/tables.ts';
import { Connections } from '../simulate/connections.ts';
import { type Outcome, type Packet, program, simulate } from '../simulate/simulate.ts';

export type Put = { [K in keyof ModelRows]: readonly [kind: K, row: ModelRows[K]] }[keyof ModelRows];

export const datapathId = 1;

/** A model that is put together step by step; ids are given, so that any order of the steps gives the same rows. */
export class TestModel {
  readonly relations: ModelRelations = modelRelations();

  put(...[kind, row]: Put): this {
    (this.relations[kind] as unknown as Relation<Identified>).set(row);
    return this;
  }

  remove(kind: keyof ModelRows, id: number): this {
    (this.relations[kind] as unknown as Relation<Identified>).delete(id);
    return this;
  }
}

/** The rows of a network. */
export function networkRows(
  id: number,
  address = 0x0a000000 + id * 256,
  more: Partial<ModelRows['network']> = {},
): Put[] {
  const row = {
    id,
    uuid: `nw-${id}`,
    display_name: '',
    domain_name: `${id}`,
    mode: 'virtual',
    ipv4_network: address,
    ipv4_prefix: 24,
    segment_id: null,
    mtu: null,
    ...more,
  } as const;
  return [['network', row]];
}

/** The rows of an interface with a port, a MAC lease and an IP lease; `mode` simulated makes it a gateway. */
export function interfaceRows(id: number, network: number, ip: number, mode: 'vif' | 'simulated' = 'vif'): Put[] {
  const uuid = `if-${id}`;
  return [
    [
      'interface',
      {
        id,
        uuid,
        mode,
        display_name: null,
        enable_filtering: false,
        enable_routing: false,
        enable_route_translation: false,
      },
    ],
    [
      'interface_port',
      {
        id,
        uuid: '',
        interface_id: id,
        datapath_id: null,
        port_name: mode === 'vif' ? uuid : null,
        singular: null,
        interface_mode: mode,
      },
    ],
    ['mac_lease', { id, uuid: `ml-${id}`, interface_id: id, segment_id: null, mac_address: macOf(id) }],
    [
      'ip_lease',
      {
        id,
        uuid: `il-${id}`,
        enable_routing: false,
        network_id: network,
        ipv4_address: ip,
        mac_lease_id: id,
        interface_id: id,
      },
    ],
  ];
}

/** The row of a segment. */
export function segmentRow(id: number, mode: 'virtual' | 'physical' = 'virtual'): Put {
  return ['segment', { id, uuid: `seg-${id}`, mode }];
}

/** The rows of an interface of another mode, without addresses; of a guest with one of `interfaceRows`, in a segment. */
export function plainInterface(id: number, mode: ModelRows['interface']['mode'], port_name: string | null): Put[] {
  const [iface, port] = interfaceRows(id, 0, 0) as [Put & ['interface', object], Put & ['interface_port', object]];
  return [
    ['interface', { ...iface[1], mode } as ModelRows['interface']],
    ['interface_port', { ...port[1], interface_mode: mode, port_name } as ModelRows['interface_port']],
  ];
}

/** The row of a MAC lease of an interface, in a segment or in none. */
export function macLeaseRow(id: number, interface_id: number, segment_id: number | null): Put {
  return ['mac_lease', { id, uuid: `ml-${id}`, interface_id, segment_id, mac_address: macOf(id) }];
}

/** The row of a static association of an interface with a segment, or with a network. */
export function staticRow(id: number, interface_id: number, to: { segment: number } | { network: number }): Put {
  const row = { id, uuid: '', interface_id, static: true };
  return 'segment' in to
    ? ['interface_segment', { ...row, segment_id: to.segment }]
    : ['interface_network', { ...row, network_id: to.network }];
}

/** The rows of a route of `network` through a route link. */
export function routeRows(
  id: number,
  link: number,
  gateway: number,
  network: number,
  changes: Partial<ModelRows['route']> = {},
): Put[] {
  return [
    ['route_link', { id: link, uuid: `rl-${link}`, mac_address: null }],
    [
      'route',
      {
        id,
        uuid: `r-${id}`,
        interface_id: gateway,
        network_id: network,
        route_link_id: link,
        ipv4_network: 0x0a000000 + network * 256,
        ipv4_prefix: 24,
        next_hop_ipv4_address: null,
        description: null,
        ingress: true,
        egress: true,
        ...changes,
      },
    ],
  ];
}

/** The row of a network service of a simulated interface. */
export function serviceRows(id: number, interfaceId: number, mode: 'dhcp' | 'dns'): Put[] {
  const row = { display_name: null, interface_id: interfaceId, incoming_port: null, outgoing_port: null, mode };
  return [['network_service', { id, uuid: `ns-${id}`, ...row }]];
}

export function macOf(id: number): number {
  return 0x525400000000 + id;
}

/** The switch of a test: its ports are added by number, named after interfaces; it runs packets through its flows. */
export class TestSwitch {
  readonly compiler: Compiler;
  readonly connections = new Connections();
  readonly datapathId: number;

  constructor(model: TestModel, id = datapathId) {
    this.datapathId = id;
    this.compiler = new Compiler(id, model.relations, derivations, features);
  }

  port(number: number, name = `if-${number}`): this {
    this.compiler.relations.port.set(portOf({ id: number, name, iface_id: null }));
    return this;
  }

  unplug(number: number): this {
    this.compiler.relations.port.delete(number);
    return this;
  }

  /** The flows as they are now, in one text: equal texts are equal flows. */
  text(): string {
    this.compiler.update();
    const { flows } = this.compiler;
    return [...flows.keys()]
      .map((key) => Buffer.from(`${key}|${flows.get(key)}`, 'latin1').toString('hex'))
      .sort()
      .join('\n');
  }

  /** Pairs of flows of one priority that could take the same packet, in words: which has it, a switch does not say. */
  overlaps(): string[] {
    this.compiler.update();
    const { flows } = this.compiler;
    const groups = Map.groupBy(
      [...flows.keys()].map((key) => decodeFlow({ key, body: flows.get(key)! })),
      ({ table, priority }) => `${tableNames[table]} ${priority}`,
    );
    return [...groups].flatMap(([group, members]) =>
      members.flatMap((one, i) =>
        members
          .slice(i + 1)
          .filter((other) => overlap(one.match, other.match))
          .map((other) => `${group}: ${[one, other].map(({ match }) => JSON.stringify(match)).join(' and ')}`),
      ),
    );
  }

  /** The switch as those see it who read its flows back. */
  inspected(): Inspected {
    this.compiler.update();
    const { compiler } = this;
    const dumpFlows: NonNullable<Inspected['connection']>['dumpFlows'] = async (which = {}) => {
      const { table, cookie } = typeof which === 'number' ? { table: which } : which;
      return [...compiler.flows.keys()]
        .map((key) => ({ key, body: compiler.flows.get(key)!, packets: 0, bytes: 0, seconds: 0 }))
        .filter((flow) => {
          const read = decodeFlow(flow);
          return (table ?? read.table) === read.table && (cookie ?? read.cookie) === read.cookie;
        });
    };
    const dpid = this.datapathId.toString(16).padStart(16, '0');
    return { compiler, datapathId: this.datapathId, dpid, connection: { dumpFlows } };
  }

  run(packet: Packet): Outcome {
    return this.runner()(packet);
  }

  /** Runs packets through the flows as they are now. */
  runner(): (packet: Packet) => Outcome {
    this.compiler.update();
    const { flows } = this.compiler;
    const ready = program([...flows.keys()].map((key) => decodeFlow({ key, body: flows.get(key)! })));
    return (packet) => simulate(ready, packet, this.connections);
  }
}

/** Whether there is a packet that both take. */
function overlap(one: Match, other: Match): boolean {
  // A later fragment has no ports.
  if ([[one, other] as const, [other, one] as const].some(([a, b]) => isLater(a) && hasPort(b))) return false;
  return Object.entries(one).every(([name, value]) => {
    const wanted = other[name as keyof Match];
    if (wanted === undefined) return true;
    const [[a, mask], [b, otherMask]] = [bitsOf(value), bitsOf(wanted)];
    return ((a ^ b) & mask & otherMask) === 0n;
  });
}

const isLater = ({ ip_frag }: Match): boolean => ip_frag !== undefined;
const hasPort = (match: Match): boolean => Object.keys(match).some((name) => /^(tcp|udp)_/.test(name));

function bitsOf(value: MatchValue): [bits: bigint, mask: bigint] {
  return typeof value === 'object' ? [BigInt(value.value), BigInt(value.mask)] : [BigInt(value), -1n];
}

/** Turns filtering of an interface of `interfaceRows` on or off. */
export function filteringRow(id: number, enable_filtering: boolean): Put {
  const [, row] = interfaceRows(id, 0, 0)[0] as Put & readonly ['interface', unknown];
  return ['interface', { ...row, enable_filtering }];
}

/** A filter of an interface, with its number; `ruleRow` adds to it. */
export function filterRow(id: number, interface_id: number, passthrough = { egress: false, ingress: false }): Put {
  const { egress: egress_passthrough, ingress: ingress_passthrough } = passthrough;
  const row = { id, uuid: `fil-${id}`, interface_id, mode: 'static' } as const;
  return ['filter', { ...row, egress_passthrough, ingress_passthrough }];
}

/** A rule of a filter: any address and port unless `rule` says which. */
export function ruleRow(
  id: number,
  filter_id: number,
  rule: Pick<ModelRows['filter_static'], 'protocol' | 'action'> & Partial<ModelRows['filter_static']>,
): Put {
  const any = { src_address: 0, src_prefix: 0, dst_address: 0, dst_prefix: 0, src_port: null, dst_port: null };
  return ['filter_static', { id, uuid: '', filter_id, description: null, ...any, ...rule }];
}

/** A translation at an interface, with an entry for each pair of addresses outside and inside, numbered from `id`. */
export function translationRows(
  id: number,
  interface_id: number,
  entries: readonly Partial<ModelRows['translation_static_address']>[],
  passthrough = false,
): Put[] {
  const none = {
    ingress_ipv4_address: 0,
    egress_ipv4_address: 0,
    ingress_port_number: null,
    egress_port_number: null,
    ingress_network_id: null,
    egress_network_id: null,
    route_link_id: null,
  };
  return [
    ['translation', { id, uuid: `tr-${id}`, interface_id, mode: 'static_address', passthrough }],
    ...entries.map(
      (entry, i): Put => [
        'translation_static_address',
        { id: id + i, uuid: '', translation_id: id, ...none, ...entry },
      ],
    ),
  ];
}

/** Makes a gateway of `interfaceRows` translate, or not. */
export function translatingRow(id: number, enable_route_translation = true): Put {
  const [, row] = interfaceRows(id, 0, 0, 'simulated')[0] as Put & readonly ['interface', unknown];
  return ['interface', { ...row, enable_route_translation }];
}

/** A further address of a gateway, leased for routing. */
export function routingLease(id: number, interface_id: number, network_id: number, ipv4_address: number): Put {
  const row = { id, uuid: `il-${id}`, enable_routing: true, network_id, ipv4_address, interface_id };
  return ['ip_lease', { ...row, mac_lease_id: null }];
}

/** A packet of TCP or UDP from a guest's port. */
export function segment(
  [from, ip, port]: readonly [number, number, number],
  to: { mac: number; ip: number; port: number },
  name: 'tcp' | 'udp' = 'tcp',
): Packet {
  const { icmpv4_type: _, icmpv4_code: __, ...packet } = echoRequest(from, ip, to);
  return { ...packet, ip_proto: name === 'tcp' ? 6 : 17, [`${name}_src`]: port, [`${name}_dst`]: to.port };
}

/** An echo request from one guest's port to an address, by way of a MAC address. */
export function echoRequest(from: number, ip: number, to: { mac: number; ip: number }, ttl = 64): Packet {
  return {
    in_port: from,
    eth_src: macOf(from),
    eth_dst: to.mac,
    eth_type: 0x0800,
    ipv4_src: ip,
    ipv4_dst: to.ip,
    ip_proto: 1,
    nw_ttl: ttl,
    icmpv4_type: 8,
    icmpv4_code: 0,
  };
}

/** An ARP request of one guest for an address. */
export function arpRequest(from: number, ip: number, target: number): Packet {
  return {
    in_port: from,
    eth_src: macOf(from),
    eth_dst: 0xffff_ffff_ffff,
    eth_type: 0x0806,
    arp_op: 1,
    arp_sha: macOf(from),
    arp_spa: ip,
    arp_tha: 0,
    arp_tpa: target,
  };
}

/** The row of a datapath, by default with tunnel address 172.31.0.ID. */
export function datapathRow(id: number, more: Partial<ModelRows['datapath']> = {}): Put {
  return [
    'datapath',
    {
      id,
      uuid: `dp-${id}`,
      display_name: `br${id}`,
      enable_ovs_learn_action: true,
      node_id: `host${id}`,
      dpid: id.toString(16).padStart(16, '0'),
      ipv4_address: null,
      encapsulation: null,
      tunnel_address: `172.31.0.${id}`,
      underlay_mtu: 1500,
      ...more,
    },
  ];
}

/** The row that says that an interface is on a datapath. Ids are given, so that they differ for each pair. */
export function placementRow(interface_id: number, datapath_id: number, standby = false): Put {
  const at = { port_name: `if-${interface_id}`, port_number: interface_id };
  return [
    'active_interface',
    { id: interface_id * 100 + datapath_id, uuid: '', interface_id, datapath_id, ...at, standby },
  ];
}
