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
import { type Answer, feature, type Lookup, type Reply } from '../engine/feature.ts';
import type { Rows, View } from '../engine/relations.ts';
import { answeredByService } from '../engine/says.ts';
import { ethernet, output, protocol } from '../pipeline/flow.ts';
import { answerDns, questionEnd, serverFailure } from './dns-answer.ts';
import { noteInVain } from './dns-in-vain.ts';
import { type Names, namesOf } from './dns-names.ts';
import { stationsOf, toService } from './services.ts';

const dnsPort = 53;
/** What a guest's device takes without fragments. */
const mostSize = 1472;
/** Says in a header's third byte that there is more. */
const truncatedBit = 0x02;

/**
 * DNS: answers guests for the names of their networks, and asks the service's public servers for all others, by the
 * network of the host. Over UDP; `dns-tcp.ts` is the same over TCP. RFC 1035.
 */
export const dns = feature({
  name: 'dns',
  doc: 'Punts queries to a DNS service to the agent, which answers them.',
  cookie: 23,
  says: {
    route_in: ({ before }) => `it is for a service of gateway ${before.gateway}`,
  },
  source: { of: 'network_service', when: ({ mode }) => mode === 'dns' },
  select: dnsStationsOf,
  flows: (stations) =>
    stations.map((station) => toService(station, { ip_proto: protocol.udp, udp_dst: portAt(station) }, 'dns')),
  answers: { dns: answer },
  tells: { dns: answeredByService },
  limit: { burst: 100, perSecond: 100 },
});

/** The addresses at which a service answers, or what it waits for. */
export function dnsStationsOf(view: View, id: number): ReturnType<typeof stationsOf> {
  return stationsOf(view, view.get('network_service', id)!, ({ dns_service }) => dns_service === id);
}

/** The port of a service at an address. */
export function portAt({ dns_port }: Rows['station']): number {
  return dns_port ?? dnsPort;
}

/** What the service at an address of a gateway knows; undefined if there is none. */
export function namesAt(gateway: number, address: number, lookup: Lookup): Names | undefined {
  const service = lookup.where('station', 'interface_id', gateway).find(({ ip }) => ip === address)?.dns_service;
  if (service === undefined || service === null) return undefined;
  return lookup.remember(`dns ${service}`, (view) => namesOf(service, gateway, view));
}

function answer({ port, frame, register }: Parameters<Answer>[0], lookup: Lookup): ReturnType<Answer> {
  const { src: mac, dst: own, payload } = decodeEthernet(frame);
  const packet = decodeIpv4(payload);
  const { src_port, dst_port, payload: query } = decodeUdp(packet.payload, packet);
  const names = namesAt(register('gateway'), packet.dst, lookup);
  if (!names) return [];
  const bytes = Buffer.from(query.buffer, query.byteOffset, query.length);
  const reply = (message: Buffer): Reply[] => {
    const between = { src: packet.dst, dst: packet.src };
    const datagram = encodeUdp({ src_port: dst_port, dst_port: src_port, payload: message }, between);
    const back = encodeIpv4({ ...between, protocol: ipProtocol.udp, payload: datagram });
    const framed = encodeEthernet({ dst: mac, src: own, type: ethernet.ipv4, payload: back });
    return [{ frame: framed, actions: [output(port)] }];
  };
  const outcome = answerDns(bytes, names);
  const { what, answer: made, forward } = outcome;
  lookup.count(what);
  const note = (why: string): void => noteInVain(register('gateway'), { ...outcome, what: why }, names, lookup);
  note(what);
  if (forward)
    return forwarded(Buffer.from(bytes), { servers: names.servers, note }, lookup).then((found) =>
      reply(found.length <= mostSize ? found : truncated(found)),
    );
  return made ? reply(made) : [];
}

/**
 * What a public server says to the query, or that nobody could be asked. With `whole` a server whose answer is truncated is
 * asked again over TCP.
 */
export async function forwarded(
  query: Buffer,
  { servers, note }: { readonly servers: readonly string[]; readonly note: (why: string) => void },
  lookup: Lookup,
  whole?: 'whole',
): Promise<Buffer> {
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
    ...(whole && { hasMore: (reply: Buffer) => (reply[2]! & truncatedBit) !== 0 }),
  });
  if (typeof found === 'string') {
    lookup.count(found);
    note(found);
    return serverFailure(query);
  }
  query.copy(found, 0, 0, 2);
  return found;
}

/** Only the question, with the bit that says that there is more. */
function truncated(reply: Buffer): Buffer {
  const cut = Buffer.from(reply.subarray(0, questionEnd(reply)));
  cut[2]! |= truncatedBit;
  return cut.fill(0, 6, 12);
}
