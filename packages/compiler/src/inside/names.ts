import { ipv4ToText, macToText } from '@openvnet/model';
import {
  actionInWords,
  type FieldName,
  type Flow,
  type MatchValue,
  reservedPorts,
  type Subfield,
  type Words,
} from '@openvnet/openflow';
import type { Relations } from '../engine/relations.ts';
import { hashIn } from '../features/rule-sets.ts';
import { objectOfDomain } from '../pipeline/domain-numbers.ts';
import { packetSize } from '../pipeline/flow.ts';
import { places, registerAt, registersIn } from '../pipeline/places.ts';
import { portFromWire } from '../pipeline/ports.ts';
import { type RegisterName, registers, type Shown } from '../pipeline/registers.ts';
import { reasonOf, type TableName, tableNames, tableNumbers } from '../pipeline/tables.ts';

/** What stands in fields of packets. Others are numbers. */
const shownFields: { readonly [F in FieldName]?: Shown } = {
  in_port: 'port',
  eth_src: 'mac',
  eth_dst: 'mac',
  ipv4_src: 'ipv4',
  ipv4_dst: 'ipv4',
  arp_spa: 'ipv4',
  arp_tpa: 'ipv4',
  arp_sha: 'mac',
  arp_tha: 'mac',
  tun_src: 'ipv4',
  tun_dst: 'ipv4',
  tunnel_id: 'domain',
};

/** Numbers that have a name of their own. */
const words: { readonly [F in FieldName]?: Readonly<Record<number, string>> } = {
  eth_type: { 2048: 'ipv4', 2054: 'arp', 34525: 'ipv6' },
  ip_proto: { 1: 'icmp', 6: 'tcp', 17: 'udp' },
  arp_op: { 1: 'request', 2: 'reply' },
  vlan_vid: { 0: 'none' },
};

/** A match or packet in a table by names: registers taken apart, objects by uuid. */
export function matchByName(
  relations: Relations,
  { table, match }: Pick<Flow, 'table' | 'match'>,
): Record<string, string> {
  const named: Record<string, string> = {};
  for (const [field, wanted] of Object.entries(match) as [FieldName, MatchValue][]) {
    const [value, mask] = typeof wanted === 'object' ? [BigInt(wanted.value), BigInt(wanted.mask)] : [BigInt(wanted)];
    const inside = livingIn(table).filter((name) => places[name].field === field);
    if (inside.length === 0) {
      named[field] = maskedText(relations, shownFields[field], field, { value, mask });
      continue;
    }
    for (const name of inside) {
      const { offset, bits } = places[name];
      const ones = (1n << BigInt(bits)) - 1n;
      const part = mask === undefined ? ones : (mask >> BigInt(offset)) & ones;
      if (part === 0n) continue;
      const piece = { value: (value >> BigInt(offset)) & ones, mask: part === ones ? undefined : part };
      named[name] = maskedText(relations, shownOf(name), undefined, piece);
    }
  }
  return named;
}

/** Actions by names, in order. */
export function actionsByName(relations: Relations, { table, instructions }: Flow): string[] {
  const words = wordsOf(relations, table);
  return instructions.flatMap((instruction) => {
    if (instruction.type === 'goto_table') return [];
    if (instruction.type === 'apply_actions') return instruction.actions.map((action) => actionInWords(action, words));
    return [instruction.type];
  });
}

/** Fields and registers as they are when a packet comes to a table, by names; registers that hold nothing are left out. */
export function stateByName(relations: Relations, { table, before: values }: Come): Record<string, string> {
  const fields = Object.entries(values).filter(([name]) => !/^reg\d/.test(name));
  const number = tableNumbers[table as TableName];
  const named = matchByName(relations, { table: number, match: Object.fromEntries(fields) as Flow['match'] });
  for (const name of livingIn(number)) {
    const value = registerIn(values, name);
    if (value > 0) named[name] = valueText(relations, shownOf(name), undefined, BigInt(value));
  }
  return named;
}

/** What a register holds. */
export function registerIn(values: State, name: RegisterName): number {
  const { field, offset, bits } = places[name];
  const pair = /^xreg(\d+)$/.exec(field);
  const half = (number: number): bigint => values[`reg${number}` as FieldName] ?? 0n;
  const whole = pair ? (half(Number(pair[1]) * 2) << 32n) | half(Number(pair[1]) * 2 + 1) : (values[field] ?? 0n);
  return Number((whole >> BigInt(offset)) & ((1n << BigInt(bits)) - 1n));
}

type State = { readonly [F in FieldName]?: bigint };
type Come = { readonly table: string; readonly before: State };

/** The registers that hold something in a table; none in one that is not of the pipeline. */
function livingIn(table: number): readonly RegisterName[] {
  const name = tableNames[table];
  return name ? registersIn(name) : [];
}

/** The table at which a flow goes on. */
export function nextOf({ instructions }: Flow): string | null {
  const found = instructions.find(({ type }) => type === 'goto_table');
  return found?.type === 'goto_table' ? tableText(found.table) : null;
}

export function tableText(table: number): string {
  return tableNames[table] ?? String(table);
}

/** What the actions of a table's flows name. */
function wordsOf(relations: Relations, table: number): Words {
  const registerOf = (place: Subfield): RegisterName | undefined =>
    tableNames[table] && registerAt(tableNames[table], place);
  return {
    place: (place) => registerOf(place) ?? place.field.replace(/^nxm_/, ''),
    value: (place, value) => {
      const name = registerOf(place);
      return name
        ? valueText(relations, shownOf(name), undefined, value)
        : valueText(relations, shownFields[place.field], place.field, value);
    },
    port: (number) => valueText(relations, 'port', undefined, BigInt(number)),
    table: tableText,
    size: (bytes) => String(packetSize(bytes)),
    reason: (userdata) => userdata && reasonOf(userdata[0]!),
  };
}

function shownOf(name: RegisterName): Shown | undefined {
  return (registers[name] as { shows?: Shown }).shows;
}

function maskedText(
  relations: Relations,
  shown: Shown | undefined,
  field: FieldName | undefined,
  { value, mask }: { value: bigint; mask?: bigint | undefined },
): string {
  const text = valueText(relations, shown, field, value);
  if (mask === undefined) return text;
  if (shown === 'ipv4') {
    const length = 32 - Math.log2(Number(0xffff_ffffn - mask) + 1);
    return Number.isInteger(length) ? `${text}/${length}` : `${text}/${ipv4ToText(Number(mask))}`;
  }
  return `${text}/${shown === 'mac' ? macToText(Number(mask)) : `0x${mask.toString(16)}`}`;
}

/** The text of a number, by what it is; undefined where nothing has that number. */
const texts: { readonly [S in Shown]: (relations: Relations, number: number) => string | undefined } = {
  ipv4: (_, number) => ipv4ToText(number),
  mac: (_, number) => macToText(number),
  port: ({ port }, number) => port.get(portFromWire(number))?.name ?? reservedText(number),
  domain: (relations, number) => {
    const { kind, id } = objectOfDomain(number);
    return relations[kind].get(id)?.uuid;
  },
  reason: (_, number) => reasonOf(number),
  rule_set: usersOfRules,
  interface: (relations, number) => relations.interface.get(number)?.uuid,
  datapath: (relations, number) => relations.datapath.get(number)?.uuid,
  route_link: (relations, number) => relations.route_link.get(number)?.uuid,
};

function valueText(
  relations: Relations,
  shown: Shown | undefined,
  field: FieldName | undefined,
  value: bigint,
): string {
  const text = shown ? texts[shown](relations, Number(value)) : field && words[field]?.[Number(value)];
  return text ?? String(value);
}

/** Which interfaces have the rules of a number: the first of them, and how many more. */
function usersOfRules(relations: Relations, number: number): string | undefined {
  const users = relations.filtering.where('hash', hashIn(number)).map(({ id }) => relations.interface.get(id)?.uuid);
  const more = users.length > 1 ? ` and ${users.length - 1} more` : '';
  return users.length === 0 ? undefined : `rules of ${users[0]}${more}`;
}

function reservedText(port: number): string {
  const found = Object.entries(reservedPorts).find(([name, number]) => number === port && name !== 'max');
  return found?.[0] ?? String(port);
}
