import { expect, it } from 'vitest';
import { datapathId, interfaceRows, networkRows, TestModel } from '../testing/model.ts';
import { Compiler } from './compiler.ts';
import { derivation, type Feature, feature } from './feature.ts';
import type { Unit } from './unit.ts';

const doc = '';
const domains = derivation({
  into: 'network_domain',
  doc,
  source: { of: 'network' },
  select: (_, id) => ({ id, domain_id: id }),
});
const open = derivation({
  into: 'open_domain',
  doc,
  source: { of: 'network' },
  select: (view, id) => (view.get('network_domain', id) ? { id } : undefined),
});

function modelOf(): TestModel {
  const model = new TestModel();
  for (const row of [...networkRows(1), ...interfaceRows(1, 1, 1)]) model.put(...row);
  return model;
}

it('names both where a derivation reads what a later one fills, or it itself', () => {
  const compiler = new Compiler(datapathId, modelOf().relations, [open, domains], []);
  compiler.update();
  expect(compiler.faults.map(({ error }) => error.message)).toEqual([
    'derivation open_domain from network reads network_domain, which derivation network_domain from network fills no earlier: list derivation open_domain from network after derivation network_domain from network',
  ]);
  const sound = new Compiler(datapathId, modelOf().relations, [domains, open], []);
  sound.update();
  expect(sound.faults).toEqual([]);
  expect(sound.relations.open_domain.get(1)).toEqual({ id: 1 });
});

it('keeps sources apart that share a condition', () => {
  const when = ({ id }: { readonly id: number }) => id === 1;
  const seen: [unit: Unit, id: number][] = [];
  const select: Feature<never>['select'] = ({ reader }, id) => {
    seen.push([reader as Unit, id]);
    return undefined;
  };
  const common = { doc, says: {}, select, flows: () => [] };
  const features = [
    feature({ ...common, name: 'networks', cookie: 1, source: { of: 'network', when } }),
    feature({ ...common, name: 'interfaces', cookie: 2, source: { of: 'interface', when } }),
  ];
  new Compiler(datapathId, modelOf().relations, [], features).update();
  expect(seen.map(([{ stage }, id]) => [stage.source.of, id])).toEqual([
    ['network', 1],
    ['interface', 1],
  ]);
});
