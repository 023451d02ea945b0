import { feature, waiting } from '../engine/feature.ts';
import { ethernet, type Flow, load, priority, protocol, setField } from '../pipeline/flow.ts';

import { isGateway } from './bindings.ts';

const transports = ['tcp', 'udp'] as const;

/**
 * Gateways that translate addresses (`enable_route_translation`): what no entry takes goes no further, in or out,
 * unless a translation of the interface lets it pass. What is for the gateway itself is not translated.
 */
export const translator = feature({
  name: 'translator',
  doc: 'Drops at a translating gateway what no entry translates, unless that may pass.',
  cookie: 17,
  source: { of: 'interface', when: isGateway },
  select: (view, id) => {
    if (!view.get('interface', id)?.enable_route_translation || !view.get('binding', id)) return undefined;
    const own = view
      .where('attachment', 'interface_id', id)
      .filter((address) => !view.get('ip_lease', address.id)?.enable_routing);
    const passes = view.where('translation', 'interface_id', id).some(({ passthrough }) => passthrough);
    return { id, own: own.map(({ ip }) => ip), passes };
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
  doc: 'Translates addresses, and ports, of routed packets at a gateway.',
  cookie: 18,
  source: { of: 'translation_static_address' },
  select: (view, id) => {
    const entry = view.get('translation_static_address', id)!;
    const gateway = view.get('translation', entry.translation_id)?.interface_id;
    if (gateway === undefined || !view.get('binding', gateway)) return undefined;
    const row = view.get('interface', gateway);
    if (!row?.enable_route_translation) return undefined;
    const lease = view.where('attachment', 'interface_id', gateway).find(({ ip }) => ip === entry.ingress_ipv4_address);
    if (!lease || !view.get('ip_lease', lease.id)?.enable_routing) {
      const [kind, owner] = ['translation', entry.translation_id] as const;
      return waiting(kind, owner, `an IP lease of ${row.uuid} with enable_routing for each of its ingress addresses`);
    }
    return {
      gateway,
      link: entry.route_link_id,
      outside: { ip: entry.ingress_ipv4_address, port: entry.ingress_port_number },
      inside: { ip: entry.egress_ipv4_address, port: entry.egress_port_number },
    };
  },
  flows: (entry) =>
    entry.outside.port === null || entry.inside.port === null
      ? entryFlows(entry)
      : transports.flatMap((name) => entryFlows(entry, name)),
});

interface End {
  readonly ip: number;
  readonly port: number | null;
}

interface Entry {
  readonly gateway: number;
  readonly link: number | null;
  readonly outside: End;
  readonly inside: End;
}

/** In and out. A port goes before a whole address, and an entry for one logical router before one for any. */
function entryFlows({ gateway, link, outside, inside }: Entry, name?: 'tcp' | 'udp'): Flow[] {
  const order = priority.normal + (name ? 2 : 0) + (link === null ? 0 : 1);
  const common = { eth_type: ethernet.ipv4, ...(name && { ip_proto: protocol[name] }) };
  const to = { ...common, ipv4_dst: outside.ip, ...(name && { [`${name}_dst`]: outside.port! }) };
  const from = { ...common, ipv4_src: inside.ip, ...(name && { [`${name}_src`]: inside.port! }) };
  const rewriteTo = [
    setField('ipv4_dst', inside.ip),
    ...(name ? [setField(`${name}_dst`, inside.port!)] : []),
    ...(link === null ? [] : [load('route_link', link)]),
  ];
  const rewriteFrom = [setField('ipv4_src', outside.ip), ...(name ? [setField(`${name}_src`, outside.port!)] : [])];
  return [
    {
      table: 'translate_in',
      priority: order,
      match: { gateway, ...to },
      actions: rewriteTo,
      next: link === null ? 'route_in' : 'route_out',
    },
    {
      table: 'translate_out',
      priority: order,
      match: { translator: gateway, ...(link !== null && { route_link: link }), ...from },
      actions: rewriteFrom,
      next: 'forward',
    },
  ];
}
