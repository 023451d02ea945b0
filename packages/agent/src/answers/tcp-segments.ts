/** Segments as frames: reading them, telling them apart, answering those that belong to no connection. RFC 9293. */
import {
  decodeEthernet,
  decodeIpv4,
  decodeTcp,
  encodeEthernet,
  encodeIpv4,
  encodeTcp,
  etherType,
  ipProtocol,
  maximumSegmentOf,
  type Tcp,
  tcpFlag,
} from '@openvnet/packet';
import { DecodeError } from '@openvnet/wire';

const { fin, syn, rst, ack } = tcpFlag;

/** Payload of a segment: what this side takes, what it assumes where the client says nothing, the least it believes. */
export const segmentSize = { own: 1460, usual: 536, least: 88 } as const;

/** The ends of a connection; `own` are this side's. */
export interface Ends {
  readonly mac: number;
  readonly ownMac: number;
  readonly ip: number;
  readonly ownIp: number;
  readonly port: number;
  readonly ownPort: number;
}

/** What is said of a segment to be sent, besides what the connection adds. */
export type Outgoing = Pick<Tcp, 'flags' | 'sequence'> & Partial<Tcp>;

/** The segment in a frame, and between whom. Throws `DecodeError` if there is none that can be read. */
export function segmentIn(frame: Uint8Array): { segment: Tcp; ends: Ends } {
  const { src: mac, dst: ownMac, payload } = decodeEthernet(frame);
  const packet = decodeIpv4(payload);
  if (packet.more_fragments || packet.fragment_offset > 0) throw new DecodeError('a fragment of a segment', 6);
  const segment = decodeTcp(packet.payload, packet);
  const { src_port: port, dst_port: ownPort } = segment;
  return { segment, ends: { mac, ownMac, ip: packet.src, ownIp: packet.dst, port, ownPort } };
}

export function framed(segment: Outgoing & Pick<Tcp, 'acknowledgment' | 'window'>, ends: Ends): Buffer {
  const between = { src: ends.ownIp, dst: ends.ip };
  const payload = encodeTcp({ src_port: ends.ownPort, dst_port: ends.port, ...segment }, between);
  const packet = encodeIpv4({ ...between, protocol: ipProtocol.tcp, dont_fragment: true, payload });
  return encodeEthernet({ dst: ends.mac, src: ends.ownMac, type: etherType.ipv4, payload: packet });
}

/** Whether a client begins a connection with this segment. */
export function begins({ flags }: Tcp): boolean {
  return (flags & (syn | ack | rst | fin)) === syn;
}

/** How far a sequence number lies after another; they wrap around. */
export function distance(one: number, other: number): number {
  return (one - other) | 0;
}

/** How much a client that begins with this segment takes in one. */
export function sizeFor({ options }: Tcp): number {
  const size = maximumSegmentOf(options) ?? segmentSize.usual;
  return Math.min(Math.max(size, segmentSize.least), segmentSize.own);
}

/** The frame that tells a client that there is no such connection; undefined for a reset, which gets no answer. RFC 9293, 3.10.7.1. */
export function refusal({ flags, sequence, acknowledgment, payload }: Tcp, ends: Ends): Buffer | undefined {
  if (flags & rst) return undefined;
  if (flags & ack) return framed({ flags: rst, sequence: acknowledgment, acknowledgment: 0, window: 0 }, ends);
  const span = payload.length + (flags & syn ? 1 : 0) + (flags & fin ? 1 : 0);
  const next = (sequence + span) >>> 0;
  return framed({ flags: rst | ack, sequence: 0, acknowledgment: next, window: 0 }, ends);
}
