import type { Field, Kind } from '@openvnet/model';
import type { ChangedBy } from '@openvnet/store';

export type Json = Record<string, unknown>;

/** What a request gave: query string and body together. Nothing of it is checked yet. */
export type Given = Readonly<Record<string, unknown>>;

export interface Call {
  /** The variable parts of the path, by name, decoded. */
  readonly path: Readonly<Record<string, string>>;
  readonly given: Given;
  /** Who has asked for it, for the log of changes. */
  readonly by: ChangedBy;
  /** Aborted when the client has gone or the manager ends. */
  readonly signal: AbortSignal;
  /** Tells the client at which revision its change is in the store. */
  wrote(revision: number): void;
}

/** What an endpoint answers, for OpenAPI. */
export type Answer =
  | { readonly shape: 'record' | 'list' | 'records'; readonly kind: Kind }
  | { readonly shape: 'uuids' | 'object' | 'status' };

/** One method on one path. Routes, `/browse` and OpenAPI are made from these. */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below `/api/1.0`, with variable parts as `:name`. */
  readonly path: string;
  readonly doc: string;
  /** The resource it belongs to, in the plural. */
  readonly group: string;
  /** What the query string or body may hold, in the order in which it is checked. */
  readonly parameters: readonly Parameter[];
  /** Names that it takes beside those of `parameters`: without effect, or as what its body holds. */
  readonly alsoTakes?: readonly string[] | 'anything';
  readonly answer: Answer;
  /** Most bytes that a body may have, where that is more than usual. */
  readonly bodyLimit?: number;
  /** Whether an answer can be large though it is no list: few are made at a time. */
  readonly large?: true;
  handle(call: Call): unknown;
}

export interface Parameter {
  readonly name: string;
  readonly field: Pick<
    Field,
    'read' | 'json' | 'explain' | 'doc' | 'type' | 'aliases' | 'to' | 'values' | 'optional'
  > & {
    readonly default?: unknown;
  };
  readonly required: boolean;
  /** An empty text takes the value away again. */
  readonly clears?: boolean;
  /** Whether null, which only JSON and YAML have, takes the value away again; where it is false, null is refused. */
  readonly takesNull?: boolean;
}
