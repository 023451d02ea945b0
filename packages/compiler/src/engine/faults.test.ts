/** Features and derivations that throw: what holds of the items that they throw for, and of all others. */
import { decodeFlow } from '@openvnet/openflow';
import { beforeEach, describe, expect, it } from 'vitest';
import { derivations, features } from '../features/index.ts';
import { load, priority } from '../pipeline/flow.ts';
import { datapathId, interfaceRows, networkRows, TestModel } from '../testing/model.ts';
import { Compiler } from './compiler.ts';
import { faultOfNobody, faultyObjects } from './faults.ts';
import { type Derivation, derivation, feature } from './feature.ts';
import { portOf } from './relations.ts';
import type { AnyFeature } from './stages.ts';

/** Marks the flows of `marks`. */
const cookie = 200;

interface Broken {
  readonly when?: (id: number) => boolean;
  readonly select?: (id: number) => void;
  readonly flows?: (id: number) => void;
}

/** A flow for every IP lease: its address, and whether its interface filters. */
function marks(broken: Broken, name = 'marks', mark = cookie): AnyFeature {
  return feature({
    name,
    doc: '',
    cookie: mark,
    says: {},
    source: { of: 'ip_lease', when: ({ id }) => broken.when?.(id) ?? true },
    select: (view, id) => {
      const lease = view.get('ip_lease', id)!;
      const { enable_filtering } = view.get('interface', lease.interface_id!)!;
      broken.select?.(id);
      return { id, address: lease.ipv4_address, enable_filtering };
    },
    flows: ({ id, address, enable_filtering }) => {
      broken.flows?.(id);
      const match = { domain: mark, target_ip: address };
      return [
        { table: 'neighbour', priority: priority.low, match, actions: [load('known', Number(enable_filtering))] },
      ];
    },
  });
}

const throwFor = (wrong: number) => (id: number) => {
  if (id === wrong) throw new TypeError(`${id} is beyond me`);
};

let model: TestModel;

beforeEach(() => {
  model = new TestModel();
  for (const row of [...networkRows(1), ...[11, 12, 13].flatMap((id) => interfaceRows(id, 1, 0x0a000100 + id))])
    model.put(...row);
});

function compilerOf(more: readonly AnyFeature[], moreDerivations: readonly Derivation[] = []): Compiler {
  const compiler = new Compiler(
    datapathId,
    model.relations,
    [...derivations, ...moreDerivations],
    [...features, ...more],
  );
  for (const id of [11, 12, 13]) compiler.relations.port.set(portOf({ id, name: `if-${id}`, iface_id: null }));
  return compiler;
}

/** The items that have flows of a feature, with what these load. */
function shown({ flows }: Compiler, mark = cookie): Record<number, unknown> {
  const marked = [...flows.keys()]
    .map((key) => ({ key, body: flows.get(key)! }))
    .filter(({ body }) => body.charCodeAt(0) === mark)
    .map(decodeFlow);
  return Object.fromEntries(
    marked.map(({ cookie, instructions: [first] }) => [
      Number(cookie & 0xffffn),
      first?.type === 'apply_actions' && first.actions[0]?.type === 'load' ? Number(first.actions[0].value) : undefined,
    ]),
  );
}

const setFiltering = (id: number, enable_filtering: boolean) => {
  const [, row] = interfaceRows(id, 1, 0)[0]!;
  model.put('interface', { ...row, enable_filtering } as never);
};

describe.each(['when', 'select', 'flows'] as const)('a feature whose %s throws for one item', (place) => {
  it('has the flows of all other items, and says which object is concerned', () => {
    const compiler = compilerOf([marks({ [place]: place === 'when' ? isNot(12) : throwFor(12) })]);
    expect(compiler.update()).toBe(true);
    expect(shown(compiler)).toEqual({ 11: 0, 13: 0 });
    expect([...faultyObjects(compiler)]).toMatchObject([
      {
        kind: 'ip_lease',
        id: 12,
        reason: expect.stringContaining('feature marks cannot be computed (TypeError: 12 is beyond me)'),
      },
    ]);
    expect(compiler.takeFaults()).toMatchObject([{ by: 'feature marks', item: 12, error: expect.any(TypeError) }]);
    expect(compiler.takeFaults()).toEqual([]);
  });

  it('keeps the flows that the item had, is tried again when what it read changes, and recovers', () => {
    let wrong = 0;
    const broken = (id: number) => throwFor(wrong)(id) ?? true;
    const compiler = compilerOf([marks({ [place]: broken })]);
    compiler.update();
    expect(shown(compiler)).toEqual({ 11: 0, 12: 0, 13: 0 });

    wrong = 12;
    for (const id of [12, 13]) setFiltering(id, true);
    compiler.update();
    expect(shown(compiler)).toEqual({ 11: 0, 12: 0, 13: 1 });
    expect([...faultyObjects(compiler)]).toHaveLength(1);

    // Nothing that it read has changed: it is not tried again, and is not forgotten either.
    setFiltering(13, false);
    compiler.update();
    expect([...faultyObjects(compiler)]).toHaveLength(1);
    expect(compiler.takeFaults()).toHaveLength(1);

    wrong = 0;
    setFiltering(12, true);
    // All that a condition has read is the row.
    if (place === 'when') model.put('ip_lease', { ...model.relations.ip_lease.get(12)! });
    compiler.update();
    expect(shown(compiler)).toEqual({ 11: 0, 12: 1, 13: 0 });
    expect(compiler.faults).toEqual([]);
  });

  it('loses the flows and the fault with the item', () => {
    const compiler = compilerOf([marks({ [place]: place === 'when' ? isNot(12) : throwFor(12) })]);
    compiler.update();
    model.remove('ip_lease', 12);
    compiler.update();
    expect(shown(compiler)).toEqual({ 11: 0, 13: 0 });
    expect(compiler.faults).toEqual([]);
  });

  const isNot = (wrong: number) => (id: number) => {
    throwFor(wrong)(id);
    return true;
  };
});

it('leaves alone what other features make of the same item', () => {
  const compiler = compilerOf([marks({ flows: throwFor(12) }), marks({}, 'sound', cookie + 1)]);
  compiler.update();
  setFiltering(12, true);
  compiler.update();
  expect(shown(compiler, cookie + 1)).toEqual({ 11: 0, 12: 1, 13: 0 });
});

it('keeps what a derivation has made, with what rests on that', () => {
  let wrong = false;
  const shaky = derivation({
    into: 'resolved',
    doc: '',
    source: { of: 'ip_lease' },
    select: (view, id) => {
      const { ipv4_address } = view.get('ip_lease', id)!;
      if (wrong && id === 12) throw new RangeError('no');
      return { id, domain_id: 1, ip: ipv4_address, mac: 1 };
    },
  });
  const compiler = compilerOf([], [shaky]);
  compiler.update();
  const before = compiler.flows.size;
  wrong = true;
  model.put('ip_lease', { ...model.relations.ip_lease.get(12)!, ipv4_address: 7 });
  compiler.update();
  expect(compiler.relations.resolved.get(12)).toMatchObject({ ip: 0x0a00010c });
  expect(compiler.flows.size).toBe(before);
  expect([...faultyObjects(compiler)]).toMatchObject([{ kind: 'ip_lease', id: 12 }]);
});

it('says so where flows that depend on nothing cannot be made', () => {
  const match = { domain: 2 ** 24 };
  const always = [{ table: 'neighbour', priority: priority.low, match }] as const;
  const compiler = compilerOf([{ ...marks({}), always }]);
  compiler.update();
  expect(faultOfNobody(compiler)).toBe(
    'feature marks cannot be computed: RangeError: domain 16777216 does not fit 24 bits',
  );
  expect(compiler.takeFaults()).toHaveLength(1);
  expect(shown(compiler)).toEqual({ 11: 0, 12: 0, 13: 0 });
});
