import { DecodeError, Reader, Writer } from '@openvnet/wire';
import { checksum } from './checksum.ts';

/** The ICMP types of echo and of errors. RFC 792. */
export const icmpType = {
  echoReply: 0,
  destinationUnreachable: 3,
  sourceQuench: 4,
  redirect: 5,
  echoRequest: 8,
  timeExceeded: 11,
  parameterProblem: 12,
} as const;

/** An ICMP message. `rest` is the last 4 bytes of the header; their meaning depends on `type`. RFC 792. */
export interface Icmp {
  type: number;
  code: number;
  rest: number;
  payload: Uint8Array;
}

/** Reads an ICMP message; `payload` is a view of `bytes`. Throws `DecodeError`, also if the checksum is wrong. */
export function decodeIcmp(bytes: Uint8Array): Icmp {
  const from = new Reader(bytes);
  const type = from.u8();
  const code = from.u8();
  from.take(2);
  const message = { type, code, rest: from.u32(), payload: from.rest() };
  if (checksum(bytes) !== 0) throw new DecodeError('ICMP checksum is wrong', 2);
  return message;
}

/** Writes an ICMP message with its checksum. */
export function encodeIcmp({ type, code, rest, payload }: Icmp): Buffer {
  const to = new Writer(8 + payload.length).u8(type).u8(code).u16(0).u32(rest).bytes(payload);
  const written = to.finish();
  to.patchU16(2, checksum(written));
  return written;
}
