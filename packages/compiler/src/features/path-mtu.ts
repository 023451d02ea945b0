import {
  decodeEthernet,
  decodeIpv4,
  encodeEthernet,
  fragmentIpv4,
  type Ipv4,
  icmpError,
  ipv4Size,
} from '@openvnet/packet';
import { type Answer, feature, type Lookup, type PacketToAgent, type Reply } from '../engine/feature.ts';
import type { Fate, Punted } from '../engine/says.ts';
import { ask, checkSize, ethernet, handOver, isWithin, load, output, packetSize, priority } from '../pipeline/flow.ts';
import type { TableName } from '../pipeline/tables.ts';
import { networksIn } from './broadcast-domains.ts';
import { icmpErrorBack } from './icmp-errors.ts';
import { placeInRouter } from './routed-macs.ts';

/**
 * Packets that are larger than the network into which they are routed takes, or the tunnel to the host of their receiver: the
 * agent sends them on in fragments, or, where they must not be fragmented, tells their sender what size passes. A switch
 * in user space would lose them in the tunnel without a word. RFC 791, 2.3; RFC 1191, 4.
 */
export const pathMtu = feature({
  name: 'path_mtu',
  doc: 'Punts packets that exceed the MTU of their next network, or of the tunnel to another host, to the agent.',
  cookie: 14,
  says: {
    routed_size: ({ sets }) => `the tunnel takes up to ${bytesIn(sets.too_large)} bytes`,
    peer_size: ({ sets }) => `the tunnel takes up to ${bytesIn(sets.too_large)} bytes`,
    rewrite: ({ before }) => `it is larger than ${before.peer ? `the tunnel to ${before.peer}` : before.domain} takes`,
    to_peer: ({ before }) => `it is larger than the tunnel to ${before.peer} takes`,
  },
  source: { of: 'peer', when: ({ mtu }) => mtu !== null },
  select: (view, id) => view.get('peer', id),
  flows: ({ id: peer, mtu }) => [
    {
      table: 'routed_size',
      priority: priority.normal,
      match: { peer, too_large: 0 },
      actions: [checkSize(mtu!)],
      next: 'rewrite',
    },
    { table: 'peer_size', priority: priority.normal, match: { peer }, actions: [checkSize(mtu!)], next: 'to_peer' },
  ],
  always: [
    {
      table: 'rewrite',
      // Below what has no time left to live, which is so whatever the size.
      priority: priority.normal + 1,
      match: { eth_type: ethernet.ipv4, known: 1, too_large: 1 },
      ...handOver('fragmentation_needed'),
    },
    {
      table: 'to_peer',
      priority: priority.high,
      match: { eth_type: ethernet.ipv4, too_large: 1 },
      ...handOver('too_large_for_tunnel'),
    },
  ],
  answers: { fragmentation_needed: ofRouter, too_large_for_tunnel: ofTunnel },
  tells: { fragmentation_needed: tooLarge, too_large_for_tunnel: tooLargeForTunnel },
  limit: { burst: 100, perSecond: 100 },
});

function bytesIn(check: string | undefined): string {
  return check?.replace('size>', '') ?? '';
}

function ofRouter(...[packet, lookup]: Parameters<Answer>): ReturnType<Answer> {
  const mtu = limitOf(lookup, packet.register)?.mtu;
  return answer(packet, lookup, { mtu, table: 'rewrite', refuse: (_, size) => icmpErrorBack(packet, lookup, size) });
}

/** The sender is told by the destination, as where nothing is routed there is nobody in between. */
function ofTunnel(...[packet, lookup]: Parameters<Answer>): ReturnType<Answer> {
  const mtu = lookup.get('peer', packet.register('peer'))?.mtu ?? undefined;
  const { src, dst, payload } = decodeEthernet(packet.frame);
  const refuse = (
    { src: from, dst: receiver }: Ipv4,
    size: typeof tooLargeError & { mtu: number },
  ): readonly Reply[] => {
    if (placeInRouter({ src, dst })) return icmpErrorBack(packet, lookup, size);
    const error = icmpError(payload, { ...size, src: receiver });
    if (!error) return [];
    // What another host is to route does not have the MAC address of its sender any more.
    const sender = lookup
      .where('binding', 'port', packet.port)
      .flatMap(({ id }) => lookup.where('attachment', 'interface_id', id))
      .find(({ ip }) => ip === from);
    const frame = encodeEthernet({ dst: sender?.mac ?? src, src: dst, type: ethernet.ipv4, payload: error });
    return [{ frame, actions: [output(packet.port)] }];
  };
  return answer(packet, lookup, { mtu, table: 'to_peer', refuse });
}

const tooLargeError = { type: 3, code: 4 } as const;

interface Outcome {
  /** What passes; undefined if that is not known any more. */
  readonly mtu: number | undefined;
  /** Where fragments go on: where the packet was handed over. */
  readonly table: TableName;
  readonly refuse: (whole: Ipv4, error: typeof tooLargeError & { mtu: number }) => readonly Reply[];
}

function answer(packet: PacketToAgent, { count }: Lookup, { mtu, table, refuse }: Outcome): readonly Reply[] {
  if (mtu === undefined) return [];
  const { payload, ...header } = decodeEthernet(packet.frame);
  const whole = decodeIpv4(payload);
  if (whole.dont_fragment && ipv4Size(whole) > mtu) {
    count('told');
    return refuse(whole, { ...tooLargeError, mtu });
  }
  count('fragmented');
  const actions = [...packet.restore(), load('too_large', 0), ask(table)];
  const back = { actions, in_port: packet.port };
  return fragmentIpv4(whole, mtu).map((part) => ({ frame: encodeEthernet({ ...header, payload: part }), ...back }));
}

/** A packet with don't-fragment set; others go on in fragments, which are told by themselves. */
function tooLarge({ view, packet, register }: Punted): Fate {
  return toldToSender(view, packet, register('domain'), limitOf(view, register));
}

function tooLargeForTunnel({ view, packet, register }: Punted): Fate {
  return toldToSender(view, packet, register('domain'), tunnelLimit(view, register('peer')));
}

function toldToSender(view: Rows, packet: Punted['packet'], domain: number, limit: Limit | undefined): Fate {
  const size = packetSize(Number(packet.size));
  const networks = networksIn(view, domain);
  const network = networks.find(({ uuid }) => uuid === limit?.by) ?? networks[0];
  return {
    text: `its ${size} bytes are more than the ${limit?.mtu} that ${limit?.by} takes, and don't-fragment is set: its sender receives ICMP fragmentation needed`,
    cause: limit &&
      network && { what: 'too_large', network_id: network.id, size, mtu: limit.mtu, datapath_id: limit.peer ?? null },
  };
}

interface Limit {
  /** What takes no more, in words. */
  readonly by: string;
  readonly mtu: number;
  /** The datapath of the other host, if it is a tunnel. */
  readonly peer?: number;
}

type Rows = Pick<Lookup, 'get' | 'where'>;

/** What a routed packet may have at most: what its next network takes, or the tunnel to its next host, whatever is less. */
function limitOf(view: Rows, register: PacketToAgent['register']): Limit | undefined {
  const network = networkLimit(view, register('domain'), register('target_ip'));
  const tunnel = tunnelLimit(view, register('peer'));
  return tunnel && (!network || tunnel.mtu < network.mtu) ? tunnel : network;
}

function tunnelLimit(view: Rows, peer: number): Limit | undefined {
  const mtu = view.get('peer', peer)?.mtu ?? undefined;
  return mtu === undefined ? undefined : { by: `the tunnel to ${view.get('datapath', peer)?.uuid}`, mtu, peer };
}

/** What the network of `ip` takes; of several in one segment, the one that has the address, or else the strictest. */
function networkLimit(view: Rows, domain: number, ip: number): Limit | undefined {
  const networks = networksIn(view, domain);
  const has = networks.filter(({ ipv4_network, ipv4_prefix }) => isWithin(ip, ipv4_network, ipv4_prefix));
  const sizes = (has.length > 0 ? has : networks).flatMap(({ uuid, mtu }) => (mtu == null ? [] : [{ by: uuid, mtu }]));
  return sizes.sort((a, b) => a.mtu - b.mtu)[0];
}
