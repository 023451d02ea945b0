import type { Action } from '@openvnet/openflow';
import { feature } from '../engine/feature.ts';
import {
  anyFragment,
  ethernet,
  type Flow,
  laterFragment,
  load,
  priority,
  protocol,
  trackState,
  trackTranslated,
} from '../pipeline/flow.ts';
import { type Entry, entriesOf } from './translation-entries.ts';

/** What is for fragments goes before all that is for whole packets. */
export const fragmentsFirst = 100;

/**
 * Fragments of TCP and UDP. A switch that sets an address of a later fragment spoils what is in it: it takes it for a
 * header and corrects a checksum that is not there. Connection tracking translates all fragments of a packet together.
 * Later fragments have no ports: addresses alone say which entry they are of. Connection tracking keeps them back until
 * it has the first, in a zone of the pair of addresses: where that went another way they are never complete. An address
 * whose entries lead to several others does not say enough: later fragments of TCP and UDP are dropped there.
 */
export const translationFragments = feature({
  name: 'translation_fragments',
  doc: 'Translates fragments of TCP and UDP, the later ones by their addresses only.',
  cookie: 26,
  says: {
    translate_in: 'a fragment, translated together with the others of its packet',
    translate_out: 'a fragment, translated together with the others of its packet',
    fragments_in: 'its fragments belong together',
    fragments_out: 'its fragments belong together',
  },
  source: { of: 'translation', by: 'interface_id' },
  select: (view, id) => {
    const entries = entriesOf(view, id);
    return entries.length === 0 ? undefined : entries;
  },
  flows: (entries) => [
    ...addressFlows(
      entries,
      ({ outside }) => `${outside.ip}`,
      ({ inside, link }) => `${inside.ip} ${link}`,
      (entry, match, order) => ({
        table: 'translate_in',
        priority: order,
        match: { gateway: entry.gateway, ipv4_dst: entry.outside.ip, ...match },
      }),
      fragmentIn,
    ),
    ...addressFlows(
      entries,
      ({ inside, link }) => `${inside.ip} ${link}`,
      ({ outside }) => `${outside.ip}`,
      ({ gateway, link, inside }, match, order) => ({
        table: 'translate_out',
        priority: order + (link === null ? 0 : 1),
        match: { translator: gateway, ...(link !== null && { route_link: link }), ipv4_src: inside.ip, ...match },
      }),
      fragmentOut,
    ),
  ],
  always: [
    {
      table: 'fragments_in',
      priority: priority.high,
      match: { ct_state: sound(), route_link: 0 },
      next: 'route_in',
    },
    { table: 'fragments_in', priority: priority.normal, match: { ct_state: sound() }, next: 'route_out' },
    { table: 'fragments_out', priority: priority.normal, match: { ct_state: sound() }, next: 'leave' },
  ],
});

/** Takes a fragment in by an entry, whose port the first has by now. */
export function fragmentIn(entry: Entry): Action[] {
  const { link, inside } = entry;
  const track = trackTranslated(zoneOf(entry, 0), 'fragments_in', 'dst', inside.ip);
  return [...(link === null ? [] : [load('route_link', link)]), track];
}

/** Takes a fragment out by an entry, likewise. */
export function fragmentOut(entry: Entry): Action[] {
  return [trackTranslated(zoneOf(entry, 1), 'fragments_out', 'src', entry.outside.ip)];
}

/** Flows of one way: an address whose entry has no ports takes every fragment by it, one with ports the later ones. */
function addressFlows(
  entries: readonly Entry[],
  from: (entry: Entry) => string,
  to: (entry: Entry) => string,
  flowOf: (entry: Entry, match: object, order: number) => Flow,
  actionsOf: (entry: Entry) => Action[],
): Flow[] {
  const order = priority.normal + fragmentsFirst;
  return [...Map.groupBy(entries, from).values()].flatMap((group) => {
    const whole = group.find(({ outside }) => outside.port === null);
    const ported = group.filter(({ outside }) => outside.port !== null);
    const ends = new Set([...ported, ...(whole ? [whole] : [])].map(to));
    return [protocol.tcp, protocol.udp].flatMap((ip_proto): Flow[] => {
      const match = { eth_type: ethernet.ipv4, ip_proto };
      const flows = whole
        ? [{ ...flowOf(whole, { ...match, ip_frag: anyFragment }, order), actions: actionsOf(whole) } as Flow]
        : [];
      if (ported.length === 0 || (whole && ends.size === 1)) return flows;
      const actions = ends.size === 1 ? actionsOf(ported[0]!) : [];
      return [...flows, { ...flowOf(ported[0]!, { ...match, ip_frag: laterFragment }, order + 2), actions } as Flow];
    });
  });
}

function sound() {
  return { value: trackState.tracked, mask: trackState.tracked | trackState.invalid };
}

/** One for each pair of addresses at a gateway and each way: what was noted of one pair or way says nothing of another. */
function zoneOf({ gateway, inside, outside }: Entry, way: 0 | 1): number {
  const mixed = [gateway, inside.ip, outside.ip, way].reduce(
    (hash, part) => Math.imul(hash ^ part, 0x0100_0193),
    0x811c_9dc5,
  );
  return (mixed ^ (mixed >>> 16)) & 0xffff || 1;
}
