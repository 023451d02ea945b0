import { expect, it } from 'vitest';
import { nearest } from './nearest.ts';

it('finds a name that is mistyped by a letter or two', () => {
  const names = ['if-veth1', 'if-veth12', 'if-web', 'nw-net1'];
  expect(nearest('if-vet1', names)).toBe('if-veth1');
  expect(nearest('if-vteh1', names)).toBe('if-veth1');
  expect(nearest('if-veth13', names)).toBe('if-veth1');
  expect(nearest('if-wbe', names)).toBe('if-web');
  expect(nearest('if-database', names)).toBeUndefined();
  expect(nearest('', names)).toBeUndefined();
});
