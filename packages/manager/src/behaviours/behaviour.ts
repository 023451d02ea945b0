import type { Kind, RowOf } from '@openvnet/model';
import type { Reader, Store, Transaction, Values } from '@openvnet/store';
import type { Endpoint, Given } from '../api/endpoint.ts';
import type { Facts } from '../status/facts.ts';
import type { Findings } from '../status/findings.ts';

/** What is not ordinary about one kind of object. Everything else follows from its declaration. */
export interface Behaviour<K extends Kind = Kind> {
  /** Completes the values of a new row, or refuses them with `ApiError`. `more` is what the request held besides. */
  complete?(tx: Transaction, values: Values<K> & { uuid: string }, more: Given): Values<K>;
  /** Makes what comes along with a new row. */
  created?(tx: Transaction, row: RowOf<K>, more: Given): void;
  /** Parameters beside the fields that a change may hold. */
  readonly changes?: readonly string[];
  /** Does what a change asks for besides the row itself. */
  changed?(tx: Transaction, row: RowOf<K>, more: Given): void;
  /** What records show besides the declared fields, for each of `rows`. */
  view?(reader: Reader, rows: readonly RowOf<K>[]): Record<string, unknown>[];
  /** Operations beside the ordinary ones. */
  endpoints?(store: Store): Endpoint[];
  /** What matters to whether each of `rows` is in effect, beside what matters for every object. */
  findings?(facts: Facts, rows: readonly RowOf<K>[]): Findings[];
  /** What only the hosts know of one that somebody looks at, as sentences. */
  askHosts?(facts: Facts, row: RowOf<K>): Promise<string[]>;
}
