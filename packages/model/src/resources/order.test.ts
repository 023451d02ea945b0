import { describe, expect, it } from 'vitest';
import { parametersOf } from '../resource.ts';
import { type Kind, kinds, resourceOf } from './index.ts';
import { kindsInOrder } from './order.ts';

describe('kindsInOrder', () => {
  it('has every kind once, each after what it needs', () => {
    const order = kindsInOrder();
    expect([...order].sort()).toEqual([...kinds].sort());
    for (const kind of order) {
      const declared = resourceOf(kind);
      const needed = parametersOf(declared).flatMap(([, { to, optional }]) => (to && !optional ? [to as Kind] : []));
      if (declared.nested) needed.push(declared.nested.of as Kind);
      for (const other of needed) {
        expect(order.indexOf(other), `${kind} needs ${other}`).toBeLessThanOrEqual(order.indexOf(kind));
      }
    }
  });
});
