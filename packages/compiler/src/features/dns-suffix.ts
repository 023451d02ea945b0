import type { Rows } from '../engine/relations.ts';

/** The DNS suffix of a network's hosts. */
export function dnsSuffixOf({ domain_name, uuid }: Pick<Rows['network'], 'domain_name' | 'uuid'>): string {
  return (domain_name || uuid.slice(uuid.indexOf('-') + 1)).replace(/^\.|\.$/g, '').toLowerCase();
}
