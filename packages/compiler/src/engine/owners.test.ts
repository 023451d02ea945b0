import { decodeFlow } from '@openvnet/openflow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { features } from '../features/index.ts';
import { populated, topology } from '../testing/random.ts';
import { readCookie } from './feature.ts';
import { itemsOf, ownerOf } from './owners.ts';

describe('the owner of a flow', () => {
  it('is an object that leads back to the flow, in any topology and for every feature', () => {
    const owned = new Set<string>();
    fc.assert(
      fc.property(topology, (drawn) => {
        const { compiler } = populated(drawn);
        const { relations, flows } = compiler;
        for (const key of flows.keys()) {
          const { feature: mark, item } = readCookie(decodeFlow({ key, body: flows.get(key)! }).cookie);
          const feature = features.find(({ cookie }) => cookie === mark);
          const owner = feature && item > 0 ? ownerOf(relations, feature.source, item) : undefined;
          if (!feature || !owner) continue;
          owned.add(feature.name);
          if (!itemsOf(relations, feature.source, owner).includes(item))
            expect.fail(`${owner.kind} ${owner.id} has no item ${item} of ${feature.name}`);
        }
      }),
      { numRuns: 60, seed: 7 },
    );
    // Their flows are of a port, or depend on nothing.
    const without = ['hand_over', 'reply_limit', 'resume', 'tunnel', 'tunnel_hand_over', 'unanswered'];
    expect([...owned].sort()).toEqual(features.flatMap(({ name }) => (without.includes(name) ? [] : [name])).sort());
  });
});
