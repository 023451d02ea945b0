import { expect, it } from 'vitest';
import type { Cell, Reader } from './cell.ts';
import { Relation } from './relation.ts';

interface Row {
  readonly id: number;
  readonly network: number | null;
}

/** Counts how often it is told that something it has read has changed, and reads nothing again. */
class Counting implements Reader {
  told = 0;
  readonly cells: Cell[] = [];

  depend(cell: Cell): void {
    this.cells.push(cell);
  }

  invalidate(): void {
    this.told++;
  }
}

it('has the rows that were there before somebody asked by a column, and those that come after', () => {
  const leases = new Relation<Row>('lease', ['network']);
  leases.set({ id: 2, network: 1 });
  leases.set({ id: 3, network: null });
  leases.set({ id: 1, network: 1 });
  expect(leases.where('network', 1).map(({ id }) => id)).toEqual([1, 2]);
  leases.set({ id: 3, network: 1 });
  leases.set({ id: 1, network: 2 });
  leases.delete(2);
  expect(leases.where('network', 1)).toEqual([{ id: 3, network: 1 }]);
  expect([...leases.keys('network')]).toEqual([1, 2]);
  expect(() => leases.where('mac', 1)).toThrow('lease has no index of mac');
});

it.each([1, 2, 8, 9, 40])('tells each of %i readers once, and none that has been dropped', (count) => {
  const leases = new Relation<Row>('lease', ['network']);
  const readers = Array.from({ length: count }, () => new Counting());
  for (const reader of [...readers, ...readers]) leases.where('network', 1, reader);
  expect(readers.map(({ cells }) => cells.length)).toEqual(readers.map(() => 1));

  leases.set({ id: 1, network: 1 });
  expect(readers.map(({ told }) => told)).toEqual(readers.map(() => 1));

  const [first, ...others] = readers;
  for (const cell of first!.cells) cell.drop(first!);
  leases.delete(1);
  expect([first!.told, ...others.map(({ told }) => told)]).toEqual([1, ...others.map(() => 2)]);
});
