/** The bodies of messages that need code of their own. */
import { type Field, pad, type Reader, rest, u8, u16, u32, u64, type Writer } from '@openvnet/wire';
import type { Action } from './actions.ts';
import { properties, property } from './properties.ts';
import { actionList, metadataFields } from './structures.ts';
import { layout, named, withDefault } from './variant.ts';

/** The versions in a hello; absent if the header alone gives the version. */
interface Hello {
  readonly versions?: readonly number[];
}

const versionBitmap = 1;

export const hello: Field<Hello> = { read: readHello, write: writeHello };

/** An error. `experimenter` is present if `error_type` is 0xffff; `code` is then a code of that experimenter. */
export const error: Field<ErrorBody> = {
  read: (from) => {
    const [error_type, code] = [from.u16(), from.u16()];
    const experimenter = error_type === 0xffff ? { experimenter: from.u32() } : {};
    return { error_type, code, ...experimenter, data: from.rest() };
  },
  write: (to, { error_type, code, experimenter, data }) => {
    to.u16(error_type).u16(code);
    if (error_type === 0xffff) to.u32(experimenter ?? 0);
    to.bytes(data);
  },
};

export interface ErrorBody {
  readonly error_type: number;
  readonly code: number;
  readonly experimenter?: number;
  /** The beginning of the refused message; text if the hello was refused. */
  readonly data: Uint8Array;
}

export const packetInReason = named(u8, [
  'no_match',
  'action',
  'invalid_ttl',
  'action_set',
  'group',
  'packet_out',
  'explicit_miss',
  'implicit_miss',
]);

export const asyncMasks = layout({
  packet_in: u32,
  packet_in_slave: u32,
  port_status: u32,
  port_status_slave: u32,
  flow_removed: u32,
  flow_removed_slave: u32,
});

export const role = layout({
  role: named(u32, ['nochange', 'equal', 'master', 'slave']),
  _: pad(4),
  generation_id: withDefault(u64, 0n),
});

export const switchConfig = layout({ flags: withDefault(u16, 0), miss_send_len: u16 });

/** A packet with its metadata. `continuation` is sent back unread to resume the packet where it stopped. */
export const continuedPacket = properties({
  packet: property(0, rest),
  full_len: property(1, u32),
  buffer_id: property(2, u32),
  table: property(3, u8),
  cookie: property(4, after(4, u64)),
  reason: property(5, packetInReason),
  metadata: property(6, metadataFields),
  userdata: property(7, rest),
  continuation: property(8, rest),
});

/** The actions of a packet out: size, padding, actions. */
export const countedActions: Field<readonly Action[]> = {
  read: (from) => {
    const size = from.u16();
    from.take(6);
    return actionList.read(from.sub(size));
  },
  write: (to, list) => {
    const start = to.size;
    to.u16(0).zeros(6);
    actionList.write(to, list);
    to.patchU16(start, to.size - start - 8);
  },
};

/** `field` after `size` bytes of padding. */
function after<T>(size: number, field: Field<T>): Field<T> {
  return {
    read: (from) => {
      from.take(size);
      return field.read(from);
    },
    write: (to, value) => {
      to.zeros(size);
      field.write(to, value);
    },
  };
}

function readHello(from: Reader): Hello {
  let versions: number[] | undefined;
  while (from.remaining > 0) {
    const type = from.u16();
    const size = from.u16();
    if (size < 4) from.fail(`a hello element of ${size} bytes`);
    const body = from.sub(size - 4);
    from.take(Math.min((8 - (size % 8)) % 8, from.remaining));
    if (type === versionBitmap) versions = readVersions(body);
  }
  return versions === undefined ? {} : { versions };
}

/** A bitmap of versions in 32-bit words; bits from 256 on are no versions. */
function readVersions(from: Reader): number[] {
  const versions: number[] = [];
  for (let base = 0; from.remaining > 0; base += 32) {
    const word = from.u32();
    for (let bit = 0; bit < 32 && base < 256; bit++) if ((word >>> bit) & 1) versions.push(base + bit);
  }
  return versions;
}

function writeHello(to: Writer, { versions }: Hello): void {
  if (versions === undefined) return;
  const words = Math.floor(Math.max(0, ...versions) / 32) + 1;
  const start = to.size;
  to.u16(versionBitmap).u16(4 + 4 * words);
  for (let word = 0; word < words; word++) {
    const bits = versions.filter((version) => version >>> 5 === word);
    to.u32(bits.reduce((sum, version) => (sum | (1 << (version & 31))) >>> 0, 0));
  }
  to.align(8, start);
}
