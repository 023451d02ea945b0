/**
 * Names that an operation does not take. In JSON and YAML they are refused, as a mistake in one would go unseen. In a query string
 * or a form the original left them out, and its clients send some; there a header says so.
 */
import { ApiError, printable } from '@openvnet/model';
import type { Endpoint, Given } from './endpoint.ts';

/** Refuses the first name in a document that the operation does not take. */
export function refuseUnknown(endpoint: Endpoint, given: Given): void {
  const [first] = unknownIn(endpoint, given);
  if (first === undefined) return;
  const names = endpoint.parameters.map(({ name }) => name);
  throw new ApiError('argument', `there is no parameter ${shown(first)}`, {
    hint: names.length > 0 ? `Expected some of ${names.join(', ')}.` : 'Expected no parameter.',
  });
}

/** What the header Warning (RFC 7234, 5.5) says of names that are left out; undefined if there are none. */
export function warningAbout(endpoint: Endpoint, given: Given): string | undefined {
  const unknown = unknownIn(endpoint, given);
  if (unknown.length === 0) return undefined;
  const more = unknown.length > 10 ? ' and more' : '';
  return `299 - "not a parameter, left out: ${unknown.slice(0, 10).map(shown).join(', ')}${more}"`;
}

function unknownIn({ parameters, alsoTakes = [] }: Endpoint, given: Given): string[] {
  if (alsoTakes === 'anything') return [];
  const known = new Set([...alsoTakes, ...parameters.flatMap(({ name, field }) => [name, ...(field.aliases ?? [])])]);
  return Object.keys(given).filter((name) => !known.has(name));
}

/** A name as a header can hold it. */
function shown(name: string): string {
  return printable(name.slice(0, 80)).replaceAll(/[^ !#-[\]-~]/g, '?');
}
