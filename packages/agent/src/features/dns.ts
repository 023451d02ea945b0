import { randomInt } from 'node:crypto';
import {
  decodeEthernet,
  decodeIpv4,
  decodeUdp,
  encodeEthernet,
  encodeIpv4,
  encodeUdp,
  ipProtocol,
} from '@openvnet/packet';
import { type Answer, feature, type Lookup, type Reply, waiting } from '../engine/feature.ts';
import { because, ethernet, output, priority, protocol } from '../pipeline/flow.ts';
import { answerDns, questionEnd, serverFailure } from './dns-answer.ts';
import { namesOf } from './dns-names.ts';

const dnsPort = 53;
/** What a guest's device takes without fragments. */
const mostSize = 1472;

/**
 * DNS: answers guests for the names of their networks, and asks the service's public servers for all others, by the
 * network of the host. Over UDP only. RFC 1035.
 */
export const dns = feature({
  name: 'dns',
  doc: 'Takes queries to a DNS service to the agent, which answers them.',
  cookie: 23,
  source: { of: 'network_service', when: ({ mode }) => mode === 'dns' },
  select: (view, id) => {
    const { interface_id } = view.get('network_service', id)!;
    if (interface_id === null) return waiting('network_service', id, 'an interface');
    const stations = view
      .where('station', 'interface_id', interface_id)
      .filter(({ dns_service }) => dns_service === id);
    if (stations.length > 0) return stations;
    const { uuid, mode } = view.get('interface', interface_id) ?? {};
    return mode === 'simulated' && !view.get('binding', interface_id)
      ? undefined
      : waiting('network_service', id, `an IP lease of ${uuid ?? 'its interface'}, which must be simulated`);
  },
  flows: (stations) =>
    stations.map(({ interface_id, ip, dns_port }) => ({
      table: 'route_in',
      priority: priority.urgent + 1,
      match: {
        gateway: interface_id,
        eth_type: ethernet.ipv4,
        ipv4_dst: ip,
        ip_proto: protocol.udp,
        udp_dst: dns_port ?? dnsPort,
      },
      actions: [because('dns')],
      next: 'hand_over',
    })),
  answers: { dns: answer },
  limit: { burst: 100, perSecond: 100 },
});

function answer({ port, frame, register }: Parameters<Answer>[0], lookup: Lookup): ReturnType<Answer> {
  const gateway = register('gateway');
  const { src: mac, dst: own, payload } = decodeEthernet(frame);
  const packet = decodeIpv4(payload);
  const { src_port, dst_port, payload: query } = decodeUdp(packet.payload, packet);
  const station = lookup.where('station', 'interface_id', gateway).find(({ ip }) => ip === packet.dst);
  if (!station || station.dns_service === null) return [];
  const names = lookup.remember(`dns ${station.dns_service}`, (view) => namesOf(station.dns_service!, gateway, view));
  const bytes = Buffer.from(query.buffer, query.byteOffset, query.length);
  const reply = (message: Buffer): Reply[] => {
    const between = { src: packet.dst, dst: packet.src };
    const datagram = encodeUdp({ src_port: dst_port, dst_port: src_port, payload: message }, between);
    const back = encodeIpv4({ ...between, protocol: ipProtocol.udp, payload: datagram });
    const framed = encodeEthernet({ dst: mac, src: own, type: ethernet.ipv4, payload: back });
    return [{ frame: framed, actions: [output(port)] }];
  };
  const { what, answer: made, forward } = answerDns(bytes, names);
  lookup.count(what);
  if (forward) return forwarded(Buffer.from(bytes), names.servers, lookup).then(reply);
  return made ? reply(made) : [];
}

/** What a public server says to the query, or that nobody could be asked. */
async function forwarded(query: Buffer, servers: readonly string[], lookup: Lookup): Promise<Buffer> {
  const end = questionEnd(query)!;
  const message = Buffer.from(query);
  message.writeUInt16BE(randomInt(0x1_0000), 0);
  const found = await lookup.exchange({
    servers,
    port: dnsPort,
    message,
    accept: (reply) =>
      reply.length >= end &&
      reply.readUInt16BE(0) === message.readUInt16BE(0) &&
      (reply[2]! & 0x80) !== 0 &&
      reply.subarray(4, 6).equals(message.subarray(4, 6)) &&
      reply.subarray(12, end).equals(message.subarray(12, end)),
  });
  if (!found) {
    lookup.count('no answer');
    return serverFailure(query);
  }
  const whole = found.length <= mostSize ? found : truncated(found, end);
  query.copy(whole, 0, 0, 2);
  return whole;
}

/** Only the question, with the bit that says that there is more. */
function truncated(reply: Buffer, end: number): Buffer {
  const cut = Buffer.from(reply.subarray(0, end));
  cut[2]! |= 0x02;
  return cut.fill(0, 6, 12);
}
