import { expect, it } from 'vitest';
import { features } from '../features/index.ts';
import { agentReasons } from '../pipeline/tables.ts';

it('every reason for punting is told by one feature, but for those that no traced packet meets', () => {
  const told = features.flatMap(({ tells = {} }) => Object.keys(tells));
  // ICMP errors of others, frames that are not their sender's, and announcements of stations.
  const untraced = ['icmp_translation', 'refused', 'neighbour_heard'];
  expect([...told, ...untraced].sort()).toEqual(Object.keys(agentReasons).sort());
});
