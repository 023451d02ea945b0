/** Segments in frames: reads and classifies them, and answers segments without a connection. RFC 9293. */
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

/** Segment sizes: the one announced, the default for clients that announce none, and the minimum. */
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

/** The fields of a segment to be sent; the connection adds the others. */
export type Outgoing = Pick<Tcp, 'flags' | 'sequence'> & Partial<Tcp>;

/** The segment in a frame, with its addresses. Throws `DecodeError` if the frame has no valid segment. */
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

/** Whether the segment starts a connection. */
export function begins({ flags }: Tcp): boolean {
  return (flags & (syn | ack | rst | fin)) === syn;
}

/** Distance of two sequence numbers, which wrap around. */
export function distance(one: number, other: number): number {
  return (one - other) | 0;
}

/** The maximum segment size of a client, from its first segment. */
export function sizeFor({ options }: Tcp): number {
  const size = maximumSegmentOf(options) ?? segmentSize.usual;
  return Math.min(Math.max(size, segmentSize.least), segmentSize.own);
}

/** The reset for a segment without a connection; undefined if the segment is itself a reset. RFC 9293, 3.10.7.1. */
export function refusal({ flags, sequence, acknowledgment, payload }: Tcp, ends: Ends): Buffer | undefined {
  if (flags & rst) return undefined;
  if (flags & ack) return framed({ flags: rst, sequence: acknowledgment, acknowledgment: 0, window: 0 }, ends);
  const span = payload.length + (flags & syn ? 1 : 0) + (flags & fin ? 1 : 0);
  const next = (sequence + span) >>> 0;
  return framed({ flags: rst | ack, sequence: 0, acknowledgment: next, window: 0 }, ends);
}
