/**
 * ICMP errors about translated packets. They quote the packet as it was on the other side of the translation, and where
 * entries have ports only the quote says which entry it was: flows cannot look into it, so the agent translates quote and
 * header together and lets the error go on where it was. The entries are all it needs; nothing about connections is
 * kept. RFC 5508, 4; RFC 3022, 4.3.
 */
import {
  decodeEthernet,
  decodeIcmp,
  decodeIpv4,
  encodeEthernet,
  encodeIcmp,
  encodeIpv4,
  icmpType,
} from '@openvnet/packet';
import { type Answer, feature } from '../engine/feature.ts';
import { ask, ethernet, type Flow, handOver, load, priority, protocol } from '../pipeline/flow.ts';
import { isGateway } from './bindings.ts';
import { entryIn, entryOut, rewriteQuote } from './icmp-quotes.ts';
import { type Entry, entriesOf, passesUntranslated } from './translation-entries.ts';

const errorTypes = [
  icmpType.destinationUnreachable,
  icmpType.sourceQuench,
  icmpType.redirect,
  icmpType.timeExceeded,
  icmpType.parameterProblem,
];

export const icmpTranslation = feature({
  name: 'icmp_translation',
  doc: 'Punts ICMP errors at a translating gateway to the agent, which translates the quoted packet.',
  cookie: 25,
  says: {
    translate_in: 'an ICMP error about a translated packet: the agent translates both',
    translate_out: 'an ICMP error about a translated packet: the agent translates both',
  },
  source: { of: 'interface', when: isGateway },
  select: (view, id) =>
    view.get('interface', id)?.enable_route_translation && view.get('binding', id) ? id : undefined,
  flows: (id) =>
    errorTypes.flatMap((icmpv4_type): Flow[] => {
      const error = { eth_type: ethernet.ipv4, ip_proto: protocol.icmp, icmpv4_type };
      const order = priority.high;
      const toAgent = handOver('icmp_translation');
      return [
        { table: 'translate_in', priority: order, match: { gateway: id, ...error }, ...toAgent },
        { table: 'translate_out', priority: order, match: { translator: id, ...error }, ...toAgent },
      ];
    }),
  answers: { icmp_translation: answer },
  // A trace of the route brings several at once for each hop.
  limit: { burst: 100, perSecond: 100 },
});

function answer({ port, frame, register, restore }: Parameters<Answer>[0], lookup: Parameters<Answer>[1]) {
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
  const on = out ? 'leave' : entry?.link ? 'route_out' : 'route_in';
  const turned = !out && entry?.link ? [load('route_link', entry.link)] : [];
  const back = { actions: [...restore(), ...turned, ask(on)], in_port: port };
  if (!entry) return [{ frame, ...back }];
  rewriteQuote(quote, out ? 'dst' : 'src', out ? entry.outside : entry.inside);
  const ends = out ? { src: sourceOut(entries, entry, packet.src) } : { dst: entry.inside.ip };
  const translated = encodeIpv4({ ...packet, ...ends, payload: encodeIcmp({ ...icmp, payload: quote }) });
  return [{ frame: encodeEthernet({ ...framed, payload: translated }), ...back }];
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
