import type { MessageOf } from './messages.ts';

/**
 * A punted packet, in the form of the newer of the two packet-in messages. Byte fields are views of the message and
 * belong to the handler. `userdata` comes from the action. A `continuation` sent back in a `resume` resumes the packet
 * where it stopped.
 */
export type PacketIn = Whole<
  MessageOf<'packet_in2'>,
  'packet' | 'full_len' | 'table' | 'cookie' | 'reason' | 'metadata'
>;

type Whole<T, K extends keyof T> = T & { readonly [P in K]-?: NonNullable<T[P]> };

// The cookie of a packet that no flow sent.
const noCookie = 0xffff_ffff_ffff_ffffn;

/** A packet in, whichever of the two messages it came in. */
export function packetInOf(message: MessageOf<'packet_in' | 'packet_in2'>): PacketIn {
  if (message.type === 'packet_in') {
    const { data, total_len, table, cookie, reason, match } = message;
    return { type: 'packet_in2', packet: data, full_len: total_len, table, cookie, reason, metadata: match };
  }
  const { packet = new Uint8Array(0) } = message;
  const absent = { full_len: packet.length, table: 0, cookie: noCookie, reason: 'no_match', metadata: {} } as const;
  return { ...absent, ...message, packet };
}
