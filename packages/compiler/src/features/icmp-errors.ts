import { ipv4ToText } from '@openvnet/model';
import { decodeEthernet, decodeIpv4, encodeEthernet, type IcmpErrorOptions, icmpError } from '@openvnet/packet';
import type { Answer, Feature, Lookup, PacketToAgent, Reply } from '../engine/feature.ts';
import type { Rows } from '../engine/relations.ts';
import type { Fate, Punted, Tells } from '../engine/says.ts';
import { ask, ethernet, isWithin, load, output } from '../pipeline/flow.ts';
import { entryOut, rewriteQuote } from './icmp-quotes.ts';
import { placeInRouter } from './routed-macs.ts';
import { entriesOf } from './translation-entries.ts';

/**
 * Tells the sender of a packet why a gateway could not take it on: from the gateway's address in the sender's network, to
 * the port it came from. RFC 792; RFC 1812, 4.3.2 and 5.2.7.1.
 */
export function icmpErrorBack(
  { port, frame, register }: PacketToAgent,
  { get, where, remember }: Lookup,
  error: Omit<IcmpErrorOptions, 'src'>,
): readonly Reply[] {
  const { src, dst, type: etherType, payload } = decodeEthernet(frame);
  const left = placeInRouter({ src, dst });
  const gateway = left?.gateway ?? register('gateway');
  // What the gateway has translated is quoted as its sender knows it.
  const asSent = (packet: Uint8Array): Uint8Array => {
    const entries = remember(`translations ${gateway}`, (view) => entriesOf(view, gateway));
    const sent = Buffer.from(packet);
    const entry = entries.length > 0 ? entryOut(entries, sent, left?.routeLink ?? register('route_link')) : undefined;
    if (entry) rewriteQuote(sent, 'dst', entry.outside);
    return sent;
  };
  const addresses = where('attachment', 'interface_id', gateway);
  const sender = etherType === ethernet.ipv4 ? decodeIpv4(payload).src : 0;
  const near = ({ network_id, mac }: Rows['attachment']): boolean => {
    const network = left && get('network', network_id);
    return network ? isWithin(sender, network.ipv4_network, network.ipv4_prefix) : mac === dst;
  };
  const own = addresses.find(near) ?? addresses[0];
  if (!own || etherType !== ethernet.ipv4) return [];
  const answer = icmpError(asSent(payload), { ...error, src: own.ip });
  if (!answer) return [];
  // The sender may be on another host, where its packet has entered the router.
  if (left) {
    const toSender = [load('domain', own.domain_id), load('gateway_mac', own.mac), load('target_ip', sender)];
    const frameOut = encodeEthernet({ dst: own.mac, src: own.mac, type: ethernet.ipv4, payload: answer });
    return [{ frame: frameOut, actions: [...toSender, ask('neighbour'), ask('rewrite')] }];
  }
  const back = encodeEthernet({ dst: src, src: dst, type: ethernet.ipv4, payload: answer });
  return [{ frame: back, actions: [output(port)] }];
}

const icmpErrorAnswer =
  (type: number, code: number): Answer =>
  (packet, lookup) =>
    icmpErrorBack(packet, lookup, { type, code });

export const icmpErrors = {
  network_unreachable: icmpErrorAnswer(3, 0),
  host_unreachable: icmpErrorAnswer(3, 1),
  port_unreachable: icmpErrorAnswer(3, 3),
  time_exceeded: icmpErrorAnswer(11, 0),
} satisfies Feature<never>['answers'];

export const icmpErrorsTold = {
  network_unreachable: withoutRoute,
  host_unreachable: ({ register }) => ({ nobodyHas: register('target_ip') }),
  port_unreachable: ({ packet }) => ({
    text: `${ipv4ToText(Number(packet.ipv4_dst))} is a gateway itself, which takes echo requests only`,
  }),
  time_exceeded: () => ({ text: 'its time to live has expired' }),
} satisfies Tells;

/** A router that has no route to the destination, or a gateway that no route of a router lets the source in by. */
function withoutRoute({ register, packet, before }: Punted): Fate {
  const [from, to, route_link_id] = [Number(packet.ipv4_src), Number(packet.ipv4_dst), register('route_link')];
  if (route_link_id > 0)
    return {
      text: `no route: ${before.route_link} has no route to ${ipv4ToText(to)}`,
      cause: { what: 'no_route', route_link_id, to },
    };
  return {
    text: `no route lets ${before.ipv4_src} in by ${before.gateway}`,
    cause: { what: 'no_router', interface_id: register('gateway'), from },
  };
}
