/** Flows with the names of objects in the place of their numbers, to compare hosts on which the numbers differ. For tests. */

import { features, places, readCookie, registersIn, tableNames } from '@openvnet/compiler';
import { decodeFlow, type EncodedFlow } from '@openvnet/openflow';
import type { Slice } from '../feed/slice.ts';

/** A name for each number that the flows hold: numbers follow the order of calls, names do not. */
function namesOf({ relations }: Slice): Record<string, Map<number, string>> {
  const named = (kind: 'network' | 'interface' | 'route' | 'route_link') =>
    new Map([...relations[kind].rows()].map(({ id, uuid }) => [id, uuid]));
  const ofInterface = (kind: 'mac_lease' | 'ip_lease') =>
    new Map(
      [...relations[kind].rows()].map(({ id, interface_id }) => [id, relations.interface.get(interface_id!)!.uuid]),
    );
  return {
    network: named('network'),
    interface: named('interface'),
    binding: named('interface'),
    route: named('route'),
    route_link: named('route_link'),
    mac_lease: ofInterface('mac_lease'),
    attachment: ofInterface('ip_lease'),
  };
}

const registers = { domain: 'network', gateway: 'interface', route_link: 'route_link' } as const;

/** The flows with names in the place of numbers, sorted. */
export function namedFlows(flows: readonly EncodedFlow[], slice: Slice): string[] {
  const names = namesOf(slice);
  const name = (kind: string, id: number): string => {
    const found = names[kind]?.get(id);
    if (found === undefined) throw new RangeError(`no ${kind} has number ${id}`);
    return found;
  };
  const cookie = (value: bigint): string => {
    const { feature, item } = readCookie(value);
    const declared = features.find((one) => one.cookie === feature);
    if (!declared || item === 0) return `${feature}`;
    const { source } = declared;
    if (source.of === 'port') return `${declared.name} ${item}`;
    if (source.of === 'flood_part') {
      const [network, part] = 'by' in source ? [item, 0] : [Math.floor(item / 0x1_0000), item % 0x1_0000];
      return `${declared.name} ${name('network', network)} ${part}`;
    }
    return `${declared.name} ${name('by' in source ? source.by : source.of, item)}`;
  };
  const texts = flows.map((flow) => {
    const { match, instructions, ...rest } = decodeFlow(flow);
    const living = new Set<string>(registersIn(tableNames[rest.table]!));
    const held = Object.entries(registers).filter(([register]) => living.has(register));
    const fields: Record<string, unknown> = { ...match };
    const matched: Record<string, string> = {};
    for (const [register, kind] of held) {
      const { field, offset, bits } = places[register as keyof typeof registers];
      const given = fields[field] as { value: number; mask: number } | number | undefined;
      if (given === undefined) continue;
      const { value, mask } = typeof given === 'number' ? { value: given, mask: 0xffff_ffff } : given;
      const ones = 2 ** bits - 1;
      if (Math.floor(mask / 2 ** offset) % 2 ** bits !== ones) continue;
      delete fields[field];
      const id = Math.floor(value / 2 ** offset) % 2 ** bits;
      matched[register] = id === 0 ? 'none' : name(kind, id);
    }
    const written = instructions.map((instruction) =>
      instruction.type !== 'apply_actions'
        ? instruction
        : instruction.actions.map((action) => {
            if (action.type !== 'load') return action;
            const found = held.find(([register]) => {
              const place = places[register as keyof typeof registers];
              return place.field === action.to.field && place.offset === action.to.offset;
            });
            return found ? `${found[0]} = ${name(found[1], Number(action.value))}` : action;
          }),
    );
    const whole = { ...rest, cookie: cookie(rest.cookie), match: fields, matched, written };
    return JSON.stringify(whole, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
  });
  return texts.sort();
}
