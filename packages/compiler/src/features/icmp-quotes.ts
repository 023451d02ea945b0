/** What ICMP errors quote of translated packets: which entry of a translation it was, and the quote as the other side knows it. */
import { checksum, ipProtocol } from '@openvnet/packet';
import type { End, Entry } from './translation-entries.ts';

/** What comes in quotes what went out: from the address outside to which the error is sent. */
export function entryIn(entries: readonly Entry[], quote: Buffer, dst: number): Entry | undefined {
  const from = endOf(quote, 'src');
  return from?.ip === dst ? entries.find(({ outside }) => covers(outside, from)) : undefined;
}

/** What goes out quotes what came in: to the address inside. */
export function entryOut(entries: readonly Entry[], quote: Buffer, routeLink: number): Entry | undefined {
  const to = endOf(quote, 'dst');
  return to && entries.find(({ link, inside }) => (link === null || link === routeLink) && covers(inside, to));
}

function covers(end: End, { ip, port }: End): boolean {
  return end.ip === ip && (end.port === null || end.port === port);
}

const minHeaderSize = 20;
const at = { src: { ip: 12, port: 0 }, dst: { ip: 16, port: 2 } } as const;

/** Sender or receiver of a quoted packet, of which the end may be missing; the port where it is known. */
function endOf(quote: Buffer, side: keyof typeof at): End | undefined {
  const size = headerSizeOf(quote);
  if (size === undefined) return undefined;
  const ip = quote.readUInt32BE(at[side].ip);
  return { ip, port: hasPorts(quote, size) ? quote.readUInt16BE(size + at[side].port) : null };
}

function headerSizeOf(quote: Buffer): number | undefined {
  if (quote.length < minHeaderSize || quote[0]! >> 4 !== 4) return undefined;
  const size = (quote[0]! & 0xf) * 4;
  return size < minHeaderSize || size > quote.length ? undefined : size;
}

/** Only the first fragment of a packet has them. */
function hasPorts(quote: Buffer, size: number): boolean {
  const transport: number = quote[9]!;
  const ported = transport === ipProtocol.tcp || transport === ipProtocol.udp;
  return ported && (quote.readUInt16BE(6) & 0x1fff) === 0 && quote.length >= size + 4;
}

/** Where the checksum of TCP or UDP is, which covers the addresses as well. */
const checksumAt: Readonly<Record<number, number>> = { [ipProtocol.tcp]: 16, [ipProtocol.udp]: 6 };

/** Sets one end of a quoted packet. Its checksums are kept as right or wrong as they were: who reads them is far off. */
export function rewriteQuote(quote: Buffer, side: keyof typeof at, { ip, port }: End): void {
  const size = headerSizeOf(quote)!;
  const ported = hasPorts(quote, size);
  const sum = size + (checksumAt[quote[9]!] ?? 0);
  const summed = ported && quote.length >= sum + 2 && (quote[9] !== ipProtocol.udp || quote.readUInt16BE(sum) !== 0);
  const set = (where: number, value: number, sums: readonly number[]): void => {
    for (const place of sums)
      quote.writeUInt16BE(updated(quote.readUInt16BE(place), quote.readUInt16BE(where), value), place);
    quote.writeUInt16BE(value, where);
  };
  const sums = summed ? [10, sum] : [10];
  set(at[side].ip, ip >>> 16, sums);
  set(at[side].ip + 2, ip & 0xffff, sums);
  if (ported && port !== null) set(size + at[side].port, port, summed ? [sum] : []);
}

/** A checksum after one of its words has changed. RFC 1624, 3. */
function updated(sum: number, before: number, after: number): number {
  return checksum(new Uint8Array(), 0xffff - sum + (0xffff - before) + after);
}
