import { hash } from 'node:crypto';
import { derivation } from '../engine/feature.ts';
import type { Rows, View } from '../engine/relations.ts';
import { zoneOf } from '../pipeline/zones.ts';

/** What decides about the packets of an interface: its rules, and what passes without one. Equal interfaces share one. */
export interface RuleSet {
  readonly rules: readonly RuleFields[];
  readonly passes: { readonly sent: boolean; readonly received: boolean };
}

/** What a rule says. */
export type RuleFields = Omit<Rows['filter_static'], 'id' | 'uuid' | 'filter_id'>;

/** Sets of one hash are told apart by their place among them: this many, in so many bits. */
const alikeBits = 4;
const hashBits = 28;
const separator = '\n';

/** Interfaces with filters that are at a port, each with the text of its rule set. */
export const filterings = derivation({
  into: 'filtering',
  doc: 'Filtered interfaces at switch ports, with their rules.',
  source: { of: 'interface', when: ({ enable_filtering }) => enable_filtering },
  select: (view, id) => {
    const port = view.get('binding', id)?.port;
    if (port == null) return undefined;
    const filters = view.where('filter', 'interface_id', id);
    const rows = filters.flatMap((each) => [...view.where('filter_static', 'filter_id', each.id)]);
    const set: RuleSet = {
      rules: rows.map(fieldsOf),
      // One filter that is strict is enough.
      passes: {
        sent: filters.length > 0 && filters.every(({ egress_passthrough }) => egress_passthrough),
        received: filters.length > 0 && filters.every(({ ingress_passthrough }) => ingress_passthrough),
      },
    };
    const text = textOf(set);
    const zone = set.rules.some(({ action }) => action === 'conn') ? zoneOf(view.datapathId, port) : null;
    return { id, port, zone, text, hash: hashOf(text) };
  },
});

/** The rule sets in use. Different ones have different numbers, also where their hashes are equal. */
export const ruleSets = derivation({
  into: 'rule_set',
  doc: 'Sets of filter rules, by hash.',
  source: { of: 'filtering', by: 'hash' },
  select: (view, id) => {
    const texts = [...new Set(view.where('filtering', 'hash', id).map(({ text }) => text))].sort();
    if (texts.length > 2 ** alikeBits) throw new RangeError(`more than ${2 ** alikeBits} rule sets of hash ${id}`);
    return { id, texts: texts.join(separator) };
  },
});

/** The rule sets of a row, with their numbers. */
export function numbered({ id, texts }: Rows['rule_set']): { number: number; set: RuleSet }[] {
  return texts.split(separator).map((text, i) => ({ number: numberOf(id, i), set: setOf(text) }));
}

/** What a filtered interface at a port is filtered by; `zone` where connections are tracked. */
export interface Filtering {
  readonly number: number;
  readonly port: number;
  readonly zone: number | null;
}

export function filteringOf(view: View, interfaceId: number): Filtering | undefined {
  const own = view.get('filtering', interfaceId);
  const known = own && view.get('rule_set', own.hash)?.texts.split(separator).indexOf(own.text);
  if (!own || known === undefined || known < 0) return undefined;
  return { number: numberOf(own.hash, known), port: own.port, zone: own.zone };
}

function numberOf(hashed: number, place: number): number {
  return hashed * 2 ** alikeBits + place;
}

/** The hash in the number of a rule set. */
export function hashIn(number: number): number {
  return Math.floor(number / 2 ** alikeBits);
}

function hashOf(text: string): number {
  return Number.parseInt(hash('sha1', text).slice(0, hashBits / 4), 16);
}

const fields = [
  'protocol',
  'action',
  'src_address',
  'src_prefix',
  'src_port',
  'dst_address',
  'dst_prefix',
  'dst_port',
] as const;

function fieldsOf(row: RuleFields): RuleFields {
  return Object.fromEntries(fields.map((name) => [name, row[name]])) as unknown as RuleFields;
}

/** Short, as every interface has it; equal for equal rules, whatever their order. */
function textOf({ rules, passes }: RuleSet): string {
  const lines = rules.map((rule) => fields.map((name) => rule[name] ?? '').join(' '));
  return [`${Number(passes.sent)}${Number(passes.received)}`, ...new Set(lines.sort())].join(',');
}

function setOf(text: string): RuleSet {
  const [passes, ...lines] = text.split(',');
  return {
    passes: { sent: passes![0] === '1', received: passes![1] === '1' },
    rules: lines.map((line) => {
      const values = line.split(' ');
      const pairs = fields.map((name, i) => [name, i < 2 ? values[i] : values[i] === '' ? null : Number(values[i])]);
      return Object.fromEntries(pairs) as RuleFields;
    }),
  };
}
