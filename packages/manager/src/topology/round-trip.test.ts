/** Whatever is registered, its export gives the same again in an empty store. */
import {
  type Applied,
  type Field,
  type Kind,
  kinds,
  kindsInOrder,
  otherField,
  parametersOf,
  parentField,
  resourceOf,
  type Topology,
  topKinds,
} from '@openvnet/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type TestManager, testManager } from '../testing.ts';

type Json = Record<string, unknown>;
/** A whole number from 0 to below `limit`. */
type Choose = (limit: number) => number;

/** Choices that follow from a seed (mulberry32). */
function choiceFrom(seed: number): Choose {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** The clock stands, so that no lease expires meanwhile, however slow the machine. */
const standing = { now: () => Date.UTC(2026, 0, 1) };

const page = '?limit=10000';
const seen = new Set<string>();

async function uuidsOf(manager: TestManager, kind: string): Promise<string[]> {
  const { items } = await manager.done('GET', `/${resourceOf(kind).plural}${page}`);
  return items.map(({ uuid }: { uuid: string }) => uuid);
}

/** What there is, by kind. */
type Known = Map<string, string[]>;

async function whatIs(manager: TestManager): Promise<Known> {
  const known: Known = new Map();
  for (const kind of topKinds) known.set(kind, await uuidsOf(manager, kind));
  return known;
}

/** A value of a field, of so few that they meet. */
function someValue(known: Known, field: Field, choose: Choose): string | undefined {
  switch (field.type) {
    case 'reference':
      return oneOf(known, field.to!, choose);
    case 'enum':
      return field.values![choose(field.values!.length)];
    case 'boolean':
      return String(choose(2) === 1);
    case 'ipv4':
      return `10.0.${choose(2)}.${choose(40)}`;
    case 'mac':
      return `52:54:00:00:${(16 + choose(240)).toString(16)}:00`;
    case 'integer':
      return String(20 + choose(8));
    case 'dpid':
      return `0x${1 + choose(9)}`;
    case 'ipv4List':
      return '192.0.2.53';
    default:
      return `t${choose(6)}`;
  }
}

function oneOf(known: Known, kind: string, choose: Choose): string {
  const uuids = known.get(kind)!;
  return uuids[choose(uuids.length || 1)] ?? 'none';
}

function someValues(known: Known, kind: Kind, choose: Choose): Record<string, string> {
  const declared = resourceOf(kind);
  const given: Record<string, string> = {};
  for (const [name, field] of parametersOf(declared)) {
    if (field.optional && choose(2) === 0) continue;
    const value = someValue(known, field, choose);
    if (value !== undefined) given[name] = value;
  }
  if (declared.uuidRequired) given.uuid = `${declared.idPrefix}-${choose(1000)}`;
  return given;
}

/** Makes one of a kind, where what was chosen is not refused. */
async function makeOne(manager: TestManager, known: Known, kind: Kind, choose: Choose): Promise<boolean> {
  const { nested, plural } = resourceOf(kind);
  const given = someValues(known, kind, choose);
  const { status, body } = nested ? await makeNested() : await manager.call('POST', `/${plural}`, given);
  if (status !== 200) return false;
  seen.add(kind);
  if (!nested) known.get(kind)!.push(body.uuid);
  return true;

  async function makeNested(): Promise<{ status: number; body?: Json }> {
    const { operations = 'add', of, with: other, name } = nested!;
    const { [parentField(nested!)]: parent = oneOf(known, of, choose), ...more } = given;
    const path = `/${resourceOf(of).plural}/${parent}/${name}`;
    if (operations === 'list') return { status: 0 };
    if (!other) return manager.call('POST', path, more);
    const { [otherField(nested!)]: second, ...values } = more;
    return manager.call(operations === 'set' ? 'PUT' : 'POST', `${path}/${second}`, values);
  }
}

/** Something that happens to what is there. */
async function disturb(manager: TestManager, known: Known, choose: Choose): Promise<void> {
  const one = (kind: string): string => oneOf(known, kind, choose);
  const happenings = [
    () => manager.call('PUT', `/ip_leases/${one('ip_lease')}/release`),
    () => manager.call('PUT', `/ip_leases/${one('ip_lease')}/attach`, { interface_uuid: one('interface') }),
    () => manager.call('POST', `/lease_policies/${one('lease_policy')}/ip_leases`),
    () => manager.call('DELETE', `/interfaces/${one('interface')}/ports`),
    () => manager.call('DELETE', `/interfaces/${one('interface')}`),
    () => manager.call('PUT', `/interfaces/${one('interface')}`, { display_name: 'changed', enable_filtering: 'true' }),
  ];
  await happenings[choose(happenings.length)]!();
}

/** Everything that the API answers, with uuids in place of ids, and without what is of this store alone. */
async function answersOf(manager: TestManager): Promise<Json> {
  const all: Json = {};
  const names = new Map<string, string>();
  for (const kind of topKinds) {
    const { items } = await manager.done('GET', `/${resourceOf(kind).plural}${page}`);
    for (const item of items) {
      if (item.id !== undefined) names.set(`${kind} ${item.id}`, item.uuid);
      all[item.uuid] = item;
    }
  }
  for (const kind of kinds) {
    const { nested } = resourceOf(kind);
    if (!nested) continue;
    for (const uuid of await uuidsOf(manager, nested.of)) {
      const { items } = await manager.done('GET', `/${resourceOf(nested.of).plural}/${uuid}/${nested.name}${page}`);
      if (items.length > 0) seen.add(`${kind} listed`);
      all[`${uuid} ${nested.name}`] = items.map((item: Json) => JSON.stringify(withoutIds(item, names))).sort();
    }
  }
  return withoutIds(all, names) as Json;
}

const ownOfStore = new Set([
  'id',
  'created_at',
  'updated_at',
  'deleted_at',
  'is_deleted',
  'mac_address_id',
  'ip_address_id',
]);

function withoutIds(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((one) => withoutIds(one, names));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => !ownOfStore.has(name));
  return Object.fromEntries(
    kept.map(([name, one]) => {
      const kind = /^(?:ingress_|egress_)?(.*)_id$/.exec(name)?.[1]?.replace(/^(over|under)lay$/, 'topology');
      return [name, kind && one !== null ? names.get(`${kind} ${one}`) : withoutIds(one, names)];
    }),
  );
}

async function apply(manager: TestManager, topology: Topology, query = ''): Promise<Applied> {
  const answer = await manager.app.inject({ method: 'POST', url: `/api/1.0/apply${query}`, payload: { topology } });
  expect(answer.json().message).toBe(undefined);
  return answer.json();
}

describe('an export', () => {
  it('gives the same answers in an empty store, in any order of its parts', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const choose = choiceFrom(seed);
        await using manager = await testManager(standing);
        for (let round = 0; round < 3; round++) {
          const known = await whatIs(manager);
          for (const kind of kindsInOrder()) {
            for (let made = 0, tried = 0; made < 3 && tried < 12; tried++) {
              if (await makeOne(manager, known, kind, choose)) made++;
            }
          }
          for (let i = 0; i < 6; i++) await disturb(manager, known, choose);
        }
        const exported = (await manager.done('GET', '/export')) as Topology;
        const shuffled = Object.fromEntries(
          Object.entries(exported)
            .map((entry) => [choose(1000), entry] as const)
            .sort(([a], [b]) => a - b)
            .map(([, entry]) => entry),
        );
        await using other = await testManager(standing);
        await apply(other, shuffled);
        expect(await other.done('GET', '/export')).toEqual(exported);
        expect((await apply(other, exported, '?delete=true&dry_run=true')).changes).toEqual([]);
        expect((await apply(manager, exported, '?delete=true&dry_run=true')).changes).toEqual([]);
        expect(await answersOf(other)).toEqual(await answersOf(manager));
      }),
      { numRuns: 4, endOnFailure: true },
    );
    // Where interfaces are, agents say.
    const made = kinds.filter((kind) => kind !== 'active_interface');
    const unseen = made.filter((kind) => !seen.has(kind) && !seen.has(`${kind} listed`));
    expect(unseen).toEqual([]);
  });
});
