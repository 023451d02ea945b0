import { resourceOf } from './resources/index.ts';
import { shell } from './shell.ts';

/** A name as command lines spell it: `route-link`. */
export function dashed(name: string): string {
  return name.replaceAll('_', '-');
}

/**
 * A command of `vnctl` about objects of a kind, for people to copy: `vnctl route-links show rl-1`. The kind is named in the
 * plural, as in the original's guide, and `words` say what to do.
 */
export function commandOn(kind: string, ...words: readonly string[]): string {
  return shell`vnctl ${[dashed(resourceOf(kind).plural), ...words]}`;
}
