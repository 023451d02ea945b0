/** What holds of the compiler for every topology, with all features in. */
import { columnOf, type Field, fieldsOf, type Kind, kinds, resourceOf } from '@openvnet/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { features } from '../features/index.ts';
import { meters } from '../pipeline/meters.ts';
import { localPort } from '../pipeline/ports.ts';
import { tableNames } from '../pipeline/tables.ts';
import { macOf, type Put, TestModel, TestSwitch } from '../testing/model.ts';
import { drawnDatapath, switchPorts, type Topology, topology, tunnelPorts } from '../testing/random.ts';
import { conflicts } from './conflicts.ts';
import { cookieIn, readCookie } from './feature.ts';
import { type Port, portOf, type Resolved, type Tunnel } from './relations.ts';

/** A row of the model, a port, a tunnel port, or a station that has answered; undefined if it is gone. */
type Thing =
  | { readonly kind: Kind; readonly id: number; readonly row: object | undefined }
  | { readonly kind: 'port'; readonly id: number; readonly row: Port | undefined }
  | { readonly kind: 'resolved'; readonly id: number; readonly row: Resolved | undefined }
  | { readonly kind: 'tunnel'; readonly id: number; readonly row: Tunnel | undefined };

const keyOf = ({ kind, id }: Thing): string => `${kind} ${id}`;

function thingsOf({ rows, resolved }: Topology): Thing[] {
  return [
    ...rows.map(([kind, row]): Thing => ({ kind, id: row.id, row })),
    ...[...switchPorts].map(([id, name]): Thing => ({ kind: 'port', id, row: portOf({ id, name, iface_id: null }) })),
    ...[...tunnelPorts].map(([id, encapsulation]): Thing => ({ kind: 'tunnel', id, row: { id, encapsulation } })),
    ...resolved.map((row): Thing => ({ kind: 'resolved', id: row.id, row })),
  ];
}

/** A switch to which things happen, and what there is. */
class Living {
  readonly model = new TestModel();
  readonly vswitch = new TestSwitch(this.model, drawnDatapath);
  readonly present = new Map<string, Thing>();

  /** Does it, and gives what would undo it. */
  apply(thing: Thing): Thing {
    const { kind, id, row } = thing;
    const before = this.present.get(keyOf(thing)) ?? ({ kind, id, row: undefined } as Thing);
    if (row) this.present.set(keyOf(thing), thing);
    else this.present.delete(keyOf(thing));
    const { relations } = this.vswitch.compiler;
    if (kind === 'port' || kind === 'resolved' || kind === 'tunnel') {
      if (row) relations[kind].set(row as Port & Resolved & Tunnel);
      else relations[kind].delete(id);
    } else if (row) this.model.put(...([kind, row] as unknown as Put));
    else this.model.remove(kind, id);
    return before;
  }

  /** All that a compiler has to say. */
  state(): object {
    const text = this.vswitch.text();
    const { compiler } = this.vswitch;
    const waits = [...compiler.waits()].map(({ kind, id, reason }) => `${kind} ${id} ${reason}`).sort();
    const conflicts = [...compiler.flows.conflicts()].map(saysConflict).sort();
    return { text, waits, conflicts };
  }

  fresh(): object {
    return livingOf([...this.present.values()]).state();
  }
}

/** Who claims a flow, the one that has it first: the feature and its item. */
function saysConflict({ key, winner, losers }: { key: string; winner: string; losers: readonly string[] }): string {
  const claims = [winner, ...losers].map((body) => {
    const { feature, item } = readCookie(cookieIn(body));
    return `${features.find(({ cookie }) => cookie === feature)?.name} ${item}`;
  });
  return `${tableNames[key.charCodeAt(0)]}: ${claims.join(', ')}`;
}

function livingOf(things: readonly Thing[]): Living {
  const living = new Living();
  for (const thing of things) living.apply(thing);
  return living;
}

const constant = new Living().state();

/** In numbers of things elsewhere; ports there have meters of their own as well. */
const far = 100_000;
const farMeter = 104 - (far % meters.requests.each);

/** The same thing of another installation on the same switch, which shares nothing with it but the host's own port, its tunnel ports and the hosts. */
function elsewhere({ kind, id, row }: Thing): Thing[] {
  if (!row || id === localPort || kind === 'tunnel' || kind === 'datapath') return [];
  if (kind === 'port')
    return [
      { kind, id: id + far + farMeter, row: portOf({ ...row, id: id + far + farMeter, name: `far-${row.name}` }) },
    ];
  if (kind === 'resolved')
    return [{ kind, id: id + far, row: { ...row, id: id + far, domain_id: row.domain_id + far } }];
  const moved: Record<string, unknown> = { ...row, id: id + far };
  for (const [name, field] of fieldsOf(resourceOf(kind))) {
    const column = columnOf(name, field);
    if (field.type === 'reference' && field.to !== 'datapath' && moved[column] != null)
      moved[column] = Number(moved[column]) + far;
  }
  if (moved.port_name != null) moved.port_name = `far-${moved.port_name}`;
  if (kind === 'interface' && (moved.mode === 'internal' || moved.mode === 'host')) moved.mode = 'remote';
  return [{ kind, id: id + far, row: moved } as Thing];
}

/** What happens in one step: of the things of both topologies one comes, goes or becomes that of the other, or changes. */
const drawnStep = fc.record({
  what: fc.constantFrom('put', 'put', 'remove', 'column', 'column', 'column', 'port'),
  at: fc.nat(),
  column: fc.nat(),
  value: fc.nat(),
});
type DrawnStep = typeof drawnStep extends fc.Arbitrary<infer D> ? D : never;

function stepOf(living: Living, others: readonly Thing[], { what, at, column, value }: DrawnStep): Thing[] {
  const here = [...living.present.values()];
  if (what === 'put' || here.length === 0) return [others[at % others.length]!];
  if (what === 'port') return portStep(living, value);
  const changeable = what === 'column' ? here.filter(({ kind }) => changeableColumns(kind).length > 0) : here;
  const thing = changeable[at % changeable.length];
  if (!thing) return [];
  if (what === 'remove') return [{ ...thing, row: undefined } as Thing];
  const columns = changeableColumns(thing.kind);
  const [name, field] = columns[column % columns.length]!;
  const before = (thing.row as Record<string, unknown>)[name];
  return [{ ...thing, row: { ...thing.row, [name]: otherValue(living, field, before, value) } } as Thing];
}

/** A port is unplugged, has another number, or another name. */
function portStep(living: Living, value: number): Thing[] {
  const ports = [...living.present.values()].filter((each) => each.kind === 'port');
  const port = ports[value % Math.max(1, ports.length)];
  if (port?.row === undefined) return [];
  const gone: Thing = { ...port, row: undefined };
  const id = 11 + (value % 17);
  if (value % 3 === 0) return [gone];
  if (value % 3 === 1) return [gone, { ...port, id, row: portOf({ ...port.row, id }) }];
  return [{ ...port, row: { ...port.row, iface_id: `if-${id}` } }];
}

/** The columns that the API can change once an object exists. */
function changeableColumns(kind: string): [column: string, field: Field][] {
  if (!(kinds as readonly string[]).includes(kind)) return [];
  return fieldsOf(resourceOf(kind))
    .filter(([, { immutable, derived }]) => !immutable && !derived)
    .map(([name, field]) => [columnOf(name, field), field]);
}

function otherValue(living: Living, field: Field, before: unknown, value: number): unknown {
  if (field.optional && field.default === undefined && before !== null && value % 3 === 0) return null;
  switch (field.type) {
    case 'boolean':
      return !before;
    case 'enum':
      return field.values![value % field.values!.length];
    case 'mac':
      return macOf(11 + (value % 8));
    case 'reference': {
      const ids = [...living.present.values()].filter(({ kind }) => kind === field.to).map(({ id }) => id);
      return ids[value % ids.length] ?? null;
    }
    case 'integer':
      return 576 + (value % 2000);
    case 'text':
      return `text ${value % 3}`;
    default:
      return before;
  }
}

describe('the compiler, with all features', () => {
  it('gives the same flows whatever the order in which rows and ports come', () => {
    const orders = topology.chain((drawn) => {
      const things = thingsOf(drawn);
      const all = { minLength: things.length, maxLength: things.length };
      return fc.tuple(fc.constant(things), fc.shuffledSubarray(things, all), fc.array(fc.boolean(), all));
    });
    fc.assert(
      fc.property(orders, ([things, order, updates]) => {
        const living = new Living();
        for (const [i, thing] of order.entries()) {
          living.apply(thing);
          if (updates[i]) living.vswitch.compiler.update();
        }
        expect(living.state()).toEqual(livingOf(things).state());
      }),
      { numRuns: 100 },
    );
  });

  it('gives no two flows of one priority that take the same packet', () => {
    fc.assert(
      fc.property(topology, (drawn) => {
        expect(livingOf(thingsOf(drawn)).vswitch.overlaps()).toEqual([]);
      }),
      { numRuns: 100 },
    );
  }, 30_000);

  it('says in words what every flow does with a packet', () => {
    const silent = new Set<string>();
    fc.assert(
      fc.property(topology, (drawn) => {
        const { compiler } = livingOf(thingsOf(drawn)).vswitch;
        compiler.update();
        for (const key of compiler.flows.keys()) {
          const [mark, table] = [
            readCookie(cookieIn(compiler.flows.get(key)!)).feature,
            tableNames[key.charCodeAt(0)]!,
          ];
          const by = features.find(({ cookie }) => cookie === mark);
          if (by && !by.says[table]) silent.add(`${by.name} in ${table}`);
        }
      }),
      { seed: 1, numRuns: 200 },
    );
    expect([...silent]).toEqual([]);
  }, 30_000);

  it('tells of every flow that two items claim and do not agree on; few features can', () => {
    const claimed = new Set<string>();
    fc.assert(
      fc.property(topology, (drawn) => {
        const { vswitch } = livingOf(thingsOf(drawn));
        vswitch.compiler.update();
        const lost = [...vswitch.compiler.flows.conflicts()];
        expect([...conflicts(vswitch.compiler)]).toHaveLength(lost.flatMap(({ losers }) => losers).length);
        for (const one of lost) claimed.add(saysConflict(one).replace(/ \d+/g, ''));
      }),
      { seed: 1, numRuns: 200 },
    );
    // Addresses and ranges that overlap in one router or at one interface: the manager takes them, and the first has it.
    expect([...new Set([...claimed].map((one) => one.replace(/(, \w+)+$/, '')))].sort()).toEqual([
      'admit: guard',
      'route_in: route',
      'route_out: route',
      'translate_in: translation',
      'translate_out: translation',
    ]);
  }, 30_000);

  it('computes for a change what it concerns, whatever else there is', () => {
    fc.assert(
      fc.property(topology, topology, fc.array(drawnStep, { minLength: 1, maxLength: 10 }), (a, b, steps) => {
        const alone = livingOf(thingsOf(a));
        const among = livingOf([...thingsOf(a), ...thingsOf(b).flatMap(elsewhere)]);
        for (const { vswitch } of [alone, among]) vswitch.compiler.update();
        for (const drawn of steps) {
          const things = stepOf(alone, thingsOf(a), drawn);
          const [cost, other] = [alone, among].map((living) => {
            const before = living.vswitch.compiler.computed;
            for (const thing of things) living.apply(thing);
            living.vswitch.compiler.update();
            return living.vswitch.compiler.computed - before;
          });
          // Less where both have the same rules of a filter.
          expect(other).toBeLessThanOrEqual(cost!);
        }
      }),
      { numRuns: 50 },
    );
  }, 30_000);

  it('gives after every change what a compiler made anew gives, and undone, what there was; touches only what differs', () => {
    fc.assert(
      fc.property(
        topology,
        topology,
        fc.array(drawnStep, { minLength: 1, maxLength: 30, size: 'max' }),
        (a, b, steps) => {
          const living = livingOf(thingsOf(a));
          const others = [...thingsOf(a), ...thingsOf(b)];
          const { flows } = living.vswitch.compiler;
          let before = living.state();
          for (const drawn of steps) {
            const things = stepOf(living, others, drawn);
            flows.takeTouched();
            const bodies = new Map([...flows.keys()].map((key) => [key, flows.get(key)]));
            const reverse = things.map((thing) => living.apply(thing)).reverse();
            const after = living.state();
            expect(after).toEqual(living.fresh());
            const touched = flows.takeTouched();
            const differ = new Set(
              [...bodies.keys(), ...flows.keys()].filter((key) => bodies.get(key) !== flows.get(key)),
            );
            expect(touched).toEqual(differ);
            for (const thing of reverse) living.apply(thing);
            expect(living.state()).toEqual(before);
            for (const thing of things) living.apply(thing);
            before = living.state();
            expect(before).toEqual(after);
          }
          for (const thing of [...living.present.values()]) living.apply({ ...thing, row: undefined } as Thing);
          expect(living.state()).toEqual(constant);
        },
      ),
      { numRuns: 30 },
    );
  }, 60_000);
});
