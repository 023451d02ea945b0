import { feature } from '../engine/feature.ts';
import type { Sentence } from '../engine/says.ts';
import { ethernet, type Flow, firstFragment, load, priority, protocol, setField } from '../pipeline/flow.ts';
import { isGateway } from './bindings.ts';
import { type Entry, entryOf, passesUntranslated, rankOf } from './translation-entries.ts';
import { fragmentIn, fragmentOut, fragmentsFirst } from './translation-fragments.ts';

const transports = ['tcp', 'udp'] as const;

/**
 * Gateways that translate addresses (`enable_route_translation`): what no entry takes goes no further, in or out,
 * unless a translation of the interface lets it pass. What is for the gateway itself is not translated.
 */
export const translator = feature({
  name: 'translator',
  doc: 'Drops packets at a translating gateway that no entry matches, unless passthrough is set.',
  cookie: 17,
  says: { translate_in: unlessTranslated('ipv4_dst'), translate_out: unlessTranslated('ipv4_src') },
  source: { of: 'interface', when: isGateway },
  select: (view, id) => {
    if (!view.get('interface', id)?.enable_route_translation || !view.get('binding', id)) return undefined;
    const own = view
      .where('attachment', 'interface_id', id)
      .filter((address) => !view.get('ip_lease', address.id)?.enable_routing);
    return { id, own: own.map(({ ip }) => ip), passes: passesUntranslated(view, id) };
  },
  flows: ({ id, own, passes }) => [
    ...own.map((ip) => ({
      table: 'translate_in' as const,
      priority: priority.urgent,
      match: { gateway: id, eth_type: ethernet.ipv4, ipv4_dst: ip },
      next: 'route_in' as const,
    })),
    ...(passes
      ? [{ table: 'translate_in' as const, priority: priority.low, match: { gateway: id }, next: 'route_in' as const }]
      : [{ table: 'translate_out' as const, priority: priority.low, match: { translator: id } }]),
  ],
});

/**
 * Address translation, entry by entry: one address outside is one inside, with a port or with all. No state is kept: the
 * way back may lead through another host than the way there. RFC 3022, 2 (static assignment).
 */
export const translation = feature({
  name: 'translation',
  doc: 'Translates addresses and ports of routed packets at a gateway.',
  cookie: 18,
  says: {
    translate_in: ({ object_uuid, actions }) => `${object_uuid} translates: ${actions.join(', ')}`,
    translate_out: ({ object_uuid, actions }) => `${object_uuid} translates: ${actions.join(', ')}`,
  },
  source: { of: 'translation_static_address' },
  select: entryOf,
  flows: (entry) =>
    entry.outside.port === null ? entryFlows(entry) : transports.flatMap((name) => entryFlows(entry, name)),
});

/**
 * In and out. The first fragment of a packet has the port; `translationFragments` has those that follow.
 */
function entryFlows(entry: Entry, name?: 'tcp' | 'udp'): Flow[] {
  const { gateway, link, outside, inside } = entry;
  const order = priority.normal + rankOf(entry);
  const common = { eth_type: ethernet.ipv4, ...(name && { ip_proto: protocol[name] }) };
  const to = { ...common, ipv4_dst: outside.ip, ...(name && { [`${name}_dst`]: outside.port! }) };
  const from = { ...common, ipv4_src: inside.ip, ...(name && { [`${name}_src`]: inside.port! }) };
  const portIn = name ? [setField(`${name}_dst`, inside.port!)] : [];
  const portOut = name ? [setField(`${name}_src`, outside.port!)] : [];
  const within = { translator: gateway, ...(link !== null && { route_link: link }) };
  return [
    {
      table: 'translate_in',
      priority: order,
      match: { gateway, ...to },
      actions: [setField('ipv4_dst', inside.ip), ...portIn, ...(link === null ? [] : [load('route_link', link)])],
      next: link === null ? 'route_in' : 'route_out',
    },
    {
      table: 'translate_out',
      priority: order,
      match: { ...within, ...from },
      actions: [setField('ipv4_src', outside.ip), ...portOut],
      next: 'leave',
    },
    ...(name
      ? [
          {
            table: 'translate_in' as const,
            priority: order + fragmentsFirst,
            match: { gateway, ...to, ip_frag: firstFragment },
            actions: [...portIn, ...fragmentIn(entry)],
          },
          {
            table: 'translate_out' as const,
            priority: order + fragmentsFirst,
            match: { ...within, ...from, ip_frag: firstFragment },
            actions: [...portOut, ...fragmentOut(entry)],
          },
        ]
      : []),
  ];
}

/** What becomes of a packet that no entry is of. */
function unlessTranslated(address: 'ipv4_dst' | 'ipv4_src'): Sentence {
  return ({ object_uuid, actions, next, before }) => {
    if (actions.length > 0) return `${object_uuid} translates: ${actions.join(', ')}`;
    if (next) return `${object_uuid} lets it pass as it is`;
    return `${object_uuid} translates addresses, and has no entry of ${before[address]}`;
  };
}
