import { describe, expect, it } from 'vitest';
import { Slice, type SliceMessage } from './slice.ts';

const position = { store: 's', revision: 1 };
const network = { id: 1, uuid: 'nw-1' };
const datapath = { id: 1, uuid: 'dp-1' };
const all = { type: 'snapshot', ...position, rows: { datapath: [datapath], network: [network] } };
const later = { store: 's', revision: 2 };

describe('a message that is not whole', () => {
  it.each([
    { type: 'snapshot', ...later },
    { type: 'snapshot', ...later, rows: null },
    { type: 'snapshot', ...later, rows: { datapath: [], network: null } },
    { type: 'snapshot', ...later, rows: { datapath: [], network: [network, null] } },
    { type: 'snapshot', ...later, rows: { datapath: [], network: [{ uuid: 'nw-1' }] } },
    { type: 'changes', ...later },
    { type: 'changes', ...later, changes: [{ kind: 'datapath', id: 1, row: null }, null] },
    {
      type: 'changes',
      ...later,
      changes: [
        { kind: 'datapath', id: 1, row: null },
        { kind: 'network', id: 1, row: 5 },
      ],
    },
  ])('takes nothing away: $type $rows $changes', (message) => {
    const slice = new Slice();
    slice.apply(all as unknown as SliceMessage);
    expect(() => slice.apply(message as unknown as SliceMessage)).toThrow(TypeError);
    expect(slice.position).toEqual(position);
    expect([...slice.relations.datapath.rows()]).toEqual([datapath]);
    expect([...slice.relations.network.rows()]).toEqual([network]);
  });
});

it('a kind that is the name of something else in JavaScript is one that a newer manager knows', () => {
  const slice = new Slice();
  slice.apply(all as unknown as SliceMessage);
  const changes = ['constructor', '__proto__', 'newer'].map((kind) => ({ kind, id: 1, row: { id: 1 } }));
  expect([...slice.apply({ type: 'changes', ...later, changes } as unknown as SliceMessage)]).toEqual([]);
  expect(slice.position).toEqual(later);
});
