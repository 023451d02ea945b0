/**
 * DHCP messages for IPv4: RFC 2131 and 2132, long options as in RFC 3396, classless routes as in RFC 3442. It reads and
 * writes bytes and makes no decisions. Byte fields of a message that was read are views of the input, or copies if an
 * option came in several parts.
 */
import { DecodeError, pad, Reader, struct, u8, u16, u32, u48, type Value, Writer } from '@openvnet/wire';
import { type DhcpOptions, dhcpOptions, optionNames } from './dhcp-options.ts';

export const dhcpPort = { server: 67, client: 68 } as const;
export const dhcpOperation = { request: 1, reply: 2 } as const;
export const dhcpType = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const;

/** Bit of the flags by which a client asks for answers to the broadcast address. */
const broadcastFlag = 0x8000;
const magic = 0x6382_5363;
/** The smallest message size that every BOOTP relay forwards, in bytes. RFC 1542, 2.1. */
const minSize = 300;

const header = struct({
  op: u8,
  htype: u8,
  hlen: u8,
  hops: u8,
  xid: u32,
  secs: u16,
  flags: u16,
  ciaddr: u32,
  yiaddr: u32,
  siaddr: u32,
  giaddr: u32,
  chaddr: u48,
  _: pad(10),
});
const nameSize = 64;
const fileSize = 128;
const headerSize = header.size! + nameSize + fileSize + 4;

type Header = Omit<Value<typeof header>, 'flags'>;

/** A message. `chaddr` is a MAC address where `htype` is 1 and `hlen` 6. Options are by name, in the order to write them. */
export interface Dhcp extends Header {
  broadcast: boolean;
  options: DhcpOptions;
}

/** Reads a message; skips options that are not in the table. Throws `DecodeError`. */
export function decodeDhcp(bytes: Uint8Array): Dhcp {
  const from = new Reader(bytes);
  const { flags, ...fields } = header.read(from);
  const [name, file] = [from.sub(nameSize), from.sub(fileSize)];
  if (from.u32() !== magic) throw new DecodeError('no DHCP options', headerSize - 4);
  const found = new Map<number, Uint8Array>();
  collect(from, found);
  // Options that do not fit may continue in the fields `file` and `sname` of BOOTP (option 52).
  const overload = found.get(52)?.[0] ?? 0;
  if (overload & 1) collect(file, found);
  if (overload & 2) collect(name, found);
  const options: Record<string, unknown> = {};
  for (const [code, value] of found) {
    const option = optionNames.get(code);
    if (!option) continue;
    const within = new Reader(value);
    options[option] = dhcpOptions[option].field.read(within);
    within.end(`DHCP option ${option}`);
  }
  return { ...fields, broadcast: (flags & broadcastFlag) !== 0, options: options as DhcpOptions };
}

/** Adds options up to the end mark; parts of one option are joined. RFC 3396, 7. */
function collect(from: Reader, found: Map<number, Uint8Array>): void {
  while (from.remaining > 0) {
    const code = from.u8();
    if (code === 0) continue;
    if (code === 255) return;
    const part = from.bytes(from.u8());
    const before = found.get(code);
    found.set(code, before ? Buffer.concat([before, part]) : part);
  }
}

/**
 * Writes a message of at most `maxSize` bytes, in the order of its options. An option that does not fit is left out, so
 * important options come first. Throws `RangeError` if a value does not fit its field.
 */
export function encodeDhcp({ broadcast, options, ...fields }: Dhcp, { maxSize = 1472 } = {}): Buffer {
  const to = new Writer(Math.max(maxSize, headerSize + 1));
  header.write(to, { ...fields, flags: broadcast ? broadcastFlag : 0 });
  to.zeros(nameSize + fileSize).u32(magic);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const { code, field } = dhcpOptions[name as keyof DhcpOptions];
    const of = new Writer();
    field.write(of, value as never);
    writeOption(to, code, of.finish(), maxSize - 1);
  }
  to.u8(255);
  return to.zeros(Math.max(0, minSize - to.size)).finish();
}

/** Writes an option in parts of up to 255 bytes, or not at all if they do not all fit. */
function writeOption(to: Writer, code: number, value: Buffer, maxSize: number): void {
  const parts = Math.max(1, Math.ceil(value.length / 255));
  if (to.size + value.length + parts * 2 > maxSize) return;
  for (let part = 0; part < parts; part++) {
    const bytes = value.subarray(part * 255, (part + 1) * 255);
    to.u8(code).u8(bytes.length).bytes(bytes);
  }
}
