/**
 * ICMP errors about translated packets. They quote the packet as it was on the other side of the translation, and where
 * entries have ports only the quote says which entry it was: flows cannot look into it, so the agent translates quote and
 * header together and lets the error go on where it was. The entries are all it needs; nothing about connections is
 * kept. RFC 5508, 4; RFC 3022, 4.3.
 */
import {
  checksum,
  decodeEthernet,
  decodeIcmp,
  decodeIpv4,
  encodeEthernet,
  encodeIcmp,
  encodeIpv4,
  icmpType,
  ipProtocol,
} from '@openvnet/packet';
import { type Answer, feature } from '../engine/feature.ts';
import { ask, ethernet, type Flow, load, priority, protocol, toAgent } from '../pipeline/flow.ts';
import { type End, type Entry, entriesOf, passesUntranslated } from './translation-entries.ts';

const errorTypes = [
  icmpType.destinationUnreachable,
  icmpType.sourceQuench,
  icmpType.redirect,
  icmpType.timeExceeded,
  icmpType.parameterProblem,
];

export const icmpTranslation = feature({
  name: 'icmp_translation',
  doc: 'Takes ICMP errors that pass a translating gateway to the agent, which translates what they quote.',
  cookie: 25,
  source: { of: 'interface', when: ({ mode }) => mode === 'simulated' },
  select: (view, id) =>
    view.get('interface', id)?.enable_route_translation && view.get('binding', id) ? id : undefined,
  flows: (id) =>
    errorTypes.flatMap((icmpv4_type): Flow[] => {
      const error = { eth_type: ethernet.ipv4, ip_proto: protocol.icmp, icmpv4_type };
      const how = { priority: priority.high, actions: [toAgent('icmp_translation')] };
      return [
        { table: 'translate_in', match: { gateway: id, ...error }, ...how },
        { table: 'translate_out', match: { translator: id, ...error }, ...how },
      ];
    }),
  answers: { icmp_translation: answer },
  // A trace of the route brings several at once for each hop.
  limit: { burst: 100, perSecond: 100 },
});

function answer({ frame, register, restore }: Parameters<Answer>[0], lookup: Parameters<Answer>[1]) {
  const { payload, ...framed } = decodeEthernet(frame);
  const packet = decodeIpv4(payload);
  // Of an error in fragments the first could be told from its quote, and nothing of the others.
  if (packet.more_fragments || packet.fragment_offset !== 0) return [];
  const out = register('translator') !== 0;
  const gateway = register(out ? 'translator' : 'gateway');
  const entries = lookup.remember(`translations ${gateway}`, (view) => entriesOf(view, gateway));
  const { payload: quoted, ...icmp } = decodeIcmp(packet.payload);
  const quote = Buffer.from(quoted);
  const entry = out ? entryOut(entries, quote, register('route_link')) : entryIn(entries, quote, packet.dst);
  if (!entry && !passesUntranslated(lookup, gateway)) {
    lookup.count('about nothing translated');
    return [];
  }
  const on = out ? 'forward' : entry?.link ? 'route_out' : 'route_in';
  const actions = [...restore(), ...(!out && entry?.link ? [load('route_link', entry.link)] : []), ask(on)];
  if (!entry) return [{ frame, actions }];
  rewriteQuote(quote, out ? 'dst' : 'src', out ? entry.outside : entry.inside);
  const ends = out ? { src: sourceOut(entries, entry, packet.src) } : { dst: entry.inside.ip };
  const translated = encodeIpv4({ ...packet, ...ends, payload: encodeIcmp({ ...icmp, payload: quote }) });
  return [{ frame: encodeEthernet({ ...framed, payload: translated }), actions }];
}

/** What comes in quotes what went out: from the address outside to which the error is sent. */
function entryIn(entries: readonly Entry[], quote: Buffer, dst: number): Entry | undefined {
  const from = endOf(quote, 'src');
  return from?.ip === dst ? entries.find(({ outside }) => covers(outside, from)) : undefined;
}

/** What goes out quotes what came in: to the address inside. */
function entryOut(entries: readonly Entry[], quote: Buffer, routeLink: number): Entry | undefined {
  const to = endOf(quote, 'dst');
  return to && entries.find(({ link, inside }) => (link === null || link === routeLink) && covers(inside, to));
}

/**
 * Whose the error is outside: the address of the sender, where that has one. A router inside has none; it is shown as
 * the host about whose packet it reports. RFC 5508, 4.2.
 */
function sourceOut(entries: readonly Entry[], entry: Entry, src: number): number {
  if (src === entry.inside.ip) return entry.outside.ip;
  const own = entries.find(({ inside, outside }) => inside.ip === src && outside.port === null);
  return (own ?? entry).outside.ip;
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
function rewriteQuote(quote: Buffer, side: keyof typeof at, { ip, port }: End): void {
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
