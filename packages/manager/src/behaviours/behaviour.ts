import type { Kind, RowOf } from '@openvnet/model';
import type { Numbers, Reader, Store, Touched, Transaction, Values } from '@openvnet/store';
import type { FastifyBaseLogger } from 'fastify';
import type { Endpoint, Given, Json } from '../api/endpoint.ts';
import type { Facts, Hosts } from '../status/facts.ts';
import type { Asked, Findings } from './findings.ts';

/** What is not an object and yet counts: settings, and the time. */
export interface Surroundings {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Uuid of the MAC range group for relations of datapaths and for route links, if one is set. */
  readonly datapathMacGroup?: string | undefined;
  readonly logger: FastifyBaseLogger;
  /** A whole topology is being applied: what it says is there is there, and nothing has to be found for it. */
  readonly applying?: true;
  /** IPv4 addresses that the topology which is being applied gives to somebody: no other is given one of them. */
  readonly reserved?: Numbers;
}

type Awaitable<T> = T | Promise<T>;

/** What is not ordinary about one kind of object. Everything else follows from its declaration. */
export interface Behaviour<K extends Kind = Kind> {
  /** Completes the values of a new row, or refuses them with `ApiError`. `more` is what the request held besides. */
  complete?(
    tx: Transaction,
    values: Values<K> & { uuid: string },
    more: Given,
    around: Surroundings,
  ): Awaitable<Values<K>>;
  /** Fields for which `complete` or `created` finds a value where none is given: that they have none has to be said. */
  readonly fills?: readonly string[];
  /** Whether somebody has asked for it, and not something else made it; a topology holds just those. */
  byHand?(row: RowOf<K>): boolean;
  /** What an export says of each besides its fields, so that making it again does not do again what was done. */
  readonly exportedWith?: Given;
  /** Makes what comes along with a new row. */
  created?(tx: Transaction, row: RowOf<K>, more: Given, around: Surroundings): Promise<void>;
  /** Does what a change asks for besides the row itself. */
  changed?(tx: Transaction, row: RowOf<K>, more: Given): Promise<void>;
  /** Whether a relation that nobody has asked for (any more) is there all the same. */
  needed?(reader: Reader, row: RowOf<K>): Promise<boolean>;
  /** What records show besides the declared fields, for each of `rows`. */
  view?(reader: Reader, rows: readonly RowOf<K>[]): Awaitable<Json[]>;
  /** What the log of changes says of a removal, by what the request held; null for nothing. */
  removed?(given: Given): string | null;
  /** The declared actions; `given` are the columns that the request held. Gives what is answered. */
  readonly actions?: Readonly<
    Record<string, (tx: Transaction, row: RowOf<K>, given: Given, around: Surroundings) => Promise<Json>>
  >;
  /** Operations beside the ordinary ones; one with method and path of an ordinary one replaces it. */
  endpoints?(store: Store): Endpoint[];
  /** Does what follows from changes of any objects, at the end of the transaction that makes them. */
  follow?(tx: Transaction, touched: readonly Touched[], around: Surroundings): Promise<void>;
  /** Goes on beside the requests, until it is disposed of. */
  background?(store: Store, around: Surroundings): Disposable;
  /** What matters to whether each of `rows` is in effect, beside what matters for every object. */
  findings?(facts: Facts, rows: readonly RowOf<K>[]): Awaitable<Findings[]>;
  /** What else there is to say of an object to somebody who asks for all, in sentences. */
  describe?(facts: Facts, row: RowOf<K>): Promise<string[]>;
  /** What only the hosts know of objects that somebody looks at, for each of `rows`. */
  askHosts?(hosts: Hosts, rows: readonly RowOf<K>[]): Promise<Asked[]>;
}
