import { beforeEach, describe, expect, it } from 'vitest';
import { derivations, features } from '../features/index.ts';
import { priority } from '../pipeline/flow.ts';
import { datapathId, interfaceRows, networkRows, TestModel } from '../testing/model.ts';
import { Compiler } from './compiler.ts';
import { derivation, feature } from './feature.ts';
import { portOf } from './relations.ts';
import type { SelfCheck } from './self-check.ts';

/** What impure code looks at without saying so: the self-check is there to find that. */
let hidden = 1;
let model: TestModel;
let compiler: Compiler;

const impureRows = derivation({
  into: 'resolved',
  doc: '',
  source: { of: 'network' },
  select: (_, id) => (hidden === 0 ? undefined : { id, domain_id: id, ip: 5, mac: hidden }),
});
const impureFlows = feature({
  name: 'impure',
  doc: '',
  cookie: 200,
  says: {},
  source: { of: 'network' },
  select: (_, id) => ({ id }),
  flows: ({ id }) => [{ table: 'neighbour', priority: priority.low, match: { domain: id, target_ip: hidden } }],
});

beforeEach(() => {
  hidden = 1;
  model = new TestModel();
  for (const row of [...networkRows(1), ...networkRows(2), ...interfaceRows(11, 1, 1), ...interfaceRows(12, 1, 2)])
    model.put(...row);
  compiler = new Compiler(datapathId, model.relations, [...derivations, impureRows], [...features, impureFlows]);
  for (const id of [11, 12]) compiler.relations.port.set(portOf({ id, name: `if-${id}`, iface_id: null }));
  compiler.update();
});

function check(): SelfCheck {
  const checking = compiler.selfCheck();
  for (;;) {
    const step = checking.next();
    if (step.done) return step.value;
  }
}

function flowsOf({ flows }: Compiler): string[] {
  return [...flows.keys()].map((key) => `${key} ${flows.get(key)}`).sort();
}

const fresh = (): string[] => {
  const other = new Compiler(datapathId, model.relations, [...derivations, impureRows], [...features, impureFlows]);
  for (const id of [11, 12]) other.relations.port.set(portOf({ id, name: `if-${id}`, iface_id: null }));
  other.update();
  other.close();
  return flowsOf(other);
};

describe('the self-check', () => {
  it('finds nothing where nothing is wrong, and leaves everything as it is', () => {
    compiler.flows.takeTouched();
    const before = compiler.computed;
    const { items, disagreements } = check();
    expect(items).toBeGreaterThan(20);
    expect(disagreements).toEqual([]);
    compiler.update();
    expect([compiler.computed, compiler.flows.touched]).toEqual([before, 0]);
  });

  it('names items whose rows or flows are others than they would be, and has them computed again', () => {
    hidden = 2;
    const { disagreements } = check();
    expect(disagreements).toMatchObject([
      { by: 'derivation resolved from network', item: 1 },
      { by: 'derivation resolved from network', item: 2 },
      { by: expect.stringContaining('feature impure'), item: 1 },
      { by: expect.stringContaining('feature impure'), item: 2 },
    ]);
    compiler.update();
    expect(flowsOf(compiler)).toEqual(fresh());
    expect(check().disagreements).toEqual([]);
  });

  it('finds rows that nothing accounts for, and items that nobody has told of', () => {
    compiler.relations.network_domain.set({ id: 77, domain_id: 77 });
    compiler.relations.binding.delete(11);
    expect(check().disagreements).toMatchObject([
      { by: 'derivation binding from interface', item: 11 },
      { by: 'relation network_domain', item: 77 },
    ]);
    compiler.update();
    expect(flowsOf(compiler)).toEqual(fresh());
    expect(check().disagreements).toEqual([]);
  });

  it('names the tables of flows that are missing or of no item, and has the switch told', () => {
    const [first] = compiler.flows.keys();
    const body = compiler.flows.get(first!)!;
    const stray = { key: first!.replace(/.$/s, 'x'), body };
    compiler.flows.remove({ key: first!, body });
    compiler.flows.add(stray);
    compiler.flows.takeTouched();
    expect(check().disagreements).toEqual([{ table: 'admit' }, { table: 'admit' }]);
    expect([...compiler.flows.takeTouched()].sort()).toEqual([first, stray.key].sort());
    expect(flowsOf(compiler)).toEqual(fresh());
  });

  it('takes what changes meanwhile for no disagreement', () => {
    const checking = compiler.selfCheck();
    let step = checking.next();
    for (let id = 20; !step.done; id++) {
      if (id < 60) for (const row of interfaceRows(id, 1, id)) model.put(...row);
      if (id % 3 === 0) compiler.update();
      step = checking.next();
    }
    expect(step.value.disagreements).toEqual([]);
    compiler.update();
    expect(flowsOf(compiler)).toEqual(fresh());
  });
});
