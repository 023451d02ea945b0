import type { Relations } from './relations.ts';
import type { Stage } from './unit.ts';

/**
 * What a stage may read: all relations but those that it or a later stage fills. One pass over the stages in their order is
 * then enough. Reading another throws, and names both.
 */
export function visibleTo(relations: Relations, stages: readonly Stage[], at: number): Relations {
  const visible = { ...relations };
  const reader = stages[at]!.names.join(', ');
  for (const { into, names } of stages.slice(at)) {
    if (into === undefined) continue;
    const writer = names.join(', ');
    Object.defineProperty(visible, into, {
      get: () => {
        throw new RangeError(
          `${reader} reads ${into}, which ${writer} fills no earlier: list ${reader} after ${writer}`,
        );
      },
    });
  }
  return visible;
}
