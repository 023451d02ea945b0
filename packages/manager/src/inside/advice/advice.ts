/**
 * What would let a packet through: from why an agent says that it does not arrive, and from all that is registered. Each
 * is a sentence that ends in a command.
 */
import type { TraceCause } from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { filters } from './filters.ts';
import { routing } from './routing.ts';
import { stations } from './stations.ts';
import { translation } from './translation.ts';
import type { Advice } from './words.ts';

const advice: Advice = { ...routing, ...stations, ...translation, ...filters };

/** Empty where nothing that is registered tells what to do. */
export function adviceFor(reader: Reader, cause: TraceCause): Promise<string[]> {
  const advise = advice[cause.what] as (reader: Reader, cause: TraceCause) => Promise<string[]>;
  return advise(reader, cause);
}
