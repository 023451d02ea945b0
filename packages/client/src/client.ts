/**
 * The API as typed methods, made from the declarations of the model: `client.networks.create({...})`,
 * `client.datapaths.networks.create('dp-br0', 'nw-net1', {...})`. A new resource needs nothing here. Runs in a browser.
 */
import {
  type Applied,
  actionsOf,
  type Create,
  type EventsAnswer,
  type ExplainAnswer,
  type FlowsAnswer,
  type HostsAnswer,
  type Kind,
  kinds,
  type Nested,
  type ObjectStatus,
  type Resource,
  type RouterAnswer,
  resourceOf,
  type resources,
  type SystemStatus,
  type Topology,
  type TraceAnswer,
  type Update,
} from '@openvnet/model';
import type { Answer, AnswerWithStatus, List, Page } from './answers.ts';
import { Http, type Values } from './http.ts';
import { waitFor, waitForAll } from './wait.ts';

type All = typeof resources;

/** What a collection of objects of a kind answers to. */
export interface Collection<R> {
  list(page?: Page): Promise<List<Answer<R>>>;
  get(uuid: string): Promise<AnswerWithStatus<R>>;
  create(values: Create<R>): Promise<Answer<R>>;
  update(uuid: string, values: Update<R>): Promise<Answer<R>>;
  remove(uuid: string, options?: Values): Promise<unknown>;
  /** Carries out a declared action: `client.ip_leases.act('il-a', 'release')`. */
  act(uuid: string, action: ActionOf<R>, values?: Values): Promise<Values>;
}

type ActionOf<R> =
  | 'rename'
  | (R extends { readonly actions?: infer A } ? Extract<keyof NonNullable<A>, string> : never);

/** Relations that are only listed, as the manager makes them. */
export interface Listing<R> {
  list(of: string, page?: Page): Promise<List<Answer<R>>>;
}

/** Relations that are there or not as their values say. */
export interface Association<R> extends Listing<R> {
  set(of: string, other: string, values: Partial<Create<R>>): Promise<Values>;
}

/** Relations of two objects: the uuid of the one in whose path they are, then that of the other. */
export interface Relation<R> {
  list(of: string, page?: Page): Promise<List<Answer<R>>>;
  create(of: string, other: string, values?: Partial<Create<R>>): Promise<Answer<R>>;
  remove(of: string, other: string): Promise<unknown>;
}

/** Objects that are part of another one. They are removed by uuid, or, where they have none, by their values. */
export interface Children<R> {
  list(of: string, page?: Page): Promise<List<Answer<R>>>;
  create(of: string, values: Partial<Create<R>>): Promise<Answer<R>>;
  remove(of: string, which: string | Partial<Create<R>>): Promise<unknown>;
}

/** The same, of a kind that is known only at run time. */
export interface AnyCollection {
  list(page?: Page): Promise<List<Values>>;
  get(uuid: string): Promise<Values & { readonly status?: ObjectStatus }>;
  create(values: Values): Promise<Values>;
  update(uuid: string, values: Values): Promise<Values>;
  remove(uuid: string, options?: Values): Promise<unknown>;
  act(uuid: string, action: string, values?: Values): Promise<Values>;
}

/** Relations and parts of a kind that is known only at run time; `second` is a uuid where they have one. */
export interface AnyNested {
  list(of: string, page?: Page): Promise<List<Values>>;
  create(of: string, second: string | Values, values?: Values): Promise<Values>;
  remove(of: string, second: string | Values): Promise<unknown>;
  set(of: string, second: string, values: Values): Promise<Values>;
}

type NestedIn<K extends Kind> = {
  [N in Kind as All[N]['nested'] extends { readonly of: K; readonly name: infer Name extends string }
    ? Name
    : never]: All[N]['nested'] extends { readonly operations: 'set' }
    ? Association<All[N]>
    : All[N]['nested'] extends { readonly operations: 'list' }
      ? Listing<All[N]>
      : All[N]['nested'] extends { readonly with: string }
        ? Relation<All[N]>
        : Children<All[N]>;
};

type Collections = {
  readonly [K in Kind as undefined extends All[K]['nested'] ? All[K]['plural'] : never]: Collection<All[K]> &
    NestedIn<K>;
};

export type Client = Collections & {
  readonly http: Http;
  of(kind: string): AnyCollection;
  nestedOf(kind: string): AnyNested;
  status(): Promise<SystemStatus>;
  /** The hosts, as their agents have reported them. */
  hosts(): Promise<HostsAnswer>;
  /** The flows of the switches: all, or those that belong to an object, are in a table, are on a datapath or a host. */
  flows(which?: { object?: string; table?: string; datapath?: string; host?: string }): Promise<FlowsAnswer>;
  /** What an object of any kind is, what it is related to, how it stands and what it does in the switches. */
  explain(uuid: string): Promise<ExplainAnswer>;
  /** What has changed after a revision, or lately; with `wait`, as soon as there is something, or after so many seconds. */
  events(which?: { after?: number; limit?: number; wait?: number }): Promise<EventsAnswer>;
  /** Everything that is registered, as one topology. */
  export(): Promise<Topology>;
  /** Makes what is registered as a topology says: all of it, or nothing. */
  apply(topology: Topology, how?: { dry_run?: boolean; delete?: boolean; replace?: boolean }): Promise<Applied>;
  /** Joins networks by a router: makes its route link, gateways and routes where they do not exist. */
  addRouter(router: {
    network_uuids: readonly string[];
    uuid?: string;
    route_link_uuid?: string;
  }): Promise<RouterAnswer>;
  /** The way of a packet from an interface to an address. */
  trace(what: {
    from: string;
    to: string;
    protocol?: string;
    port?: number;
    size?: number;
    dont_fragment?: boolean;
    both?: boolean;
    live?: boolean;
  }): Promise<TraceAnswer>;
  /**
   * Waits until an object is in effect, as of `revision` (that of this client's last write unless given), at most
   * `seconds`; then says how it stands.
   */
  waitFor(kind: string, uuid: string, options?: { revision?: number; seconds?: number }): Promise<ObjectStatus>;
  /** As `waitFor`, for every object of a topology; gives those that are not in effect. */
  waitForAll(topology: Topology, seconds?: number): Promise<SystemStatus['unrealised']>;
};

export interface ClientOptions {
  /** `http://127.0.0.1:9090` unless given. */
  readonly api?: string;
  /** How long an answer may take; 30 unless given. */
  readonly patienceSeconds?: number;
  /** Ends whatever is under way. */
  readonly signal?: AbortSignal;
  /** Logged with every change. */
  readonly message?: string | undefined;
}

export function createClient({
  api = 'http://127.0.0.1:9090',
  patienceSeconds = 30,
  signal,
  message,
}: ClientOptions = {}): Client {
  const http = new Http({ api, patienceSeconds, signal, message });
  const collections = new Map<string, object>();
  const nested = new Map<string, object>();
  for (const kind of kinds) {
    const declared = resourceOf(kind);
    if (!declared.nested) collections.set(kind, collection(http, declared));
  }
  for (const kind of kinds) {
    const declared = resourceOf(kind);
    if (!declared.nested) continue;
    nested.set(kind, relation(http, declared.nested));
    Object.assign(known(collections, declared.nested.of), { [declared.nested.name]: nested.get(kind) });
  }
  const named = [...collections].map(([kind, methods]) => [resourceOf(kind).plural, methods]);
  return {
    ...Object.fromEntries(named),
    http,
    of: (kind: string) => known(collections, kind),
    nestedOf: (kind: string) => known(nested, kind),
    status: () => http.request('GET', ['status']),
    hosts: () => http.request('GET', ['hosts']),
    flows: (which = {}) => http.request('GET', ['flows'], { query: which }),
    explain: (object) => http.request('GET', ['explain'], { query: { object } }),
    export: () => http.request('GET', ['export']),
    apply: (topology, how = {}) =>
      http.request('POST', ['apply'], { query: { ...how }, body: { topology }, extraSeconds: 60 }),
    addRouter: (router) => http.request('POST', ['routers'], { body: { ...router } }),
    events: (which) => http.request('GET', ['events'], { query: { ...which } }),
    trace: (what) => http.request('GET', ['trace'], { query: what }),
    waitFor: (kind: string, uuid: string, options = {}) => waitFor(http, [resourceOf(kind).plural, uuid], options),
    waitForAll: (topology: Topology, seconds = 10) => waitForAll(http, topology, seconds),
  } as Client;
}

function known(found: ReadonlyMap<string, object>, kind: string): object {
  const methods = found.get(kind);
  if (!methods) throw new RangeError(`no resource is called ${kind}`);
  return methods;
}

function collection(http: Http, declared: Resource): AnyCollection {
  const { plural } = declared;
  const actions = actionsOf(declared);
  return {
    list: (page) => http.request('GET', [plural], { query: { ...page } }),
    get: (uuid) => http.request('GET', [plural, uuid]),
    create: (values: Values) => http.request('POST', [plural], { body: values }),
    update: (uuid: string, values: Values) => http.request('PUT', [plural, uuid], { body: values }),
    remove: (uuid, options: Values = {}) => http.request('DELETE', [plural, uuid], { query: { ...options } }),
    act: (uuid: string, action: string, values: Values = {}) =>
      http.request(actions[action]!.method, [plural, uuid, action], { body: values }),
  } as AnyCollection;
}

function relation(http: Http, { of, name, with: other }: Nested): AnyNested {
  const path = (uuid: string): string[] => [resourceOf(of).plural, uuid, name];
  const list = (uuid: string, page?: Page) => http.request('GET', path(uuid), { query: { ...page } });
  if (other) {
    return {
      list,
      create: (uuid: string, second: string, values: Values = {}) =>
        http.request('POST', [...path(uuid), second], { body: values }),
      remove: (uuid: string, second: string) => http.request('DELETE', [...path(uuid), second]),
      set: (uuid: string, second: string, values: Values) =>
        http.request('PUT', [...path(uuid), second], { body: values }),
    } as AnyNested;
  }
  return {
    list,
    create: (uuid: string, values: Values) => http.request('POST', path(uuid), { body: values }),
    remove: (uuid: string, which: string | Values) =>
      typeof which === 'string'
        ? http.request('DELETE', [...path(uuid), which])
        : http.request('DELETE', path(uuid), { query: which }),
  } as AnyNested;
}
