import { readable } from './errors.ts';

/** What every kind of field takes beside what is its own. */
export interface FieldOptions<S> {
  readonly doc: string;
  /** May be absent; it is then null, or `default`. */
  readonly optional?: boolean;
  readonly default?: S;
  /** Cannot be changed once the object exists. */
  readonly immutable?: boolean;
  /** Written by the manager alone: answers show it, and no request may hold it. */
  readonly derived?: boolean;
  /** Objects are looked up by it. References always are. */
  readonly indexed?: boolean;
  /** Older names of the parameter, which are taken as well. */
  readonly aliases?: readonly string[];
}

/**
 * A parameter of the API and the column it is kept in. A kind of field answers for itself on every surface: `read` makes
 * what is stored of what a request holds (text of a form, or a JSON value), `render` gives what an answer shows.
 */
export interface Field<S = unknown, Optional extends boolean = boolean> extends FieldOptions<S> {
  readonly type: 'text' | 'integer' | 'boolean' | 'ipv4' | 'ipv4List' | 'mac' | 'time' | 'dpid' | 'enum' | 'reference';
  readonly optional: Optional;
  /** What is stored for a value that a request holds; undefined where it cannot be taken, as `explain` says. */
  readonly read: (given: unknown) => S | undefined;
  /** What a request may hold, as JSON Schema says it. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly column: 'integer' | 'text' | 'boolean';
  readonly render: (stored: S) => unknown;
  /** What people see where that is not what an answer shows. */
  readonly forPeople?: (stored: S) => string;
  /** Why `given` cannot be taken for the parameter `name`. */
  readonly explain: (given: unknown, name: string) => Complaint;
  /** A short word for the value, for help texts: `ADDRESS`, `NUMBER`. */
  readonly placeholder: string;
  /** `reference` only: the kind that is referred to, and how an answer shows it. */
  readonly to?: string;
  readonly show?: readonly ('id' | 'uuid')[];
  /** `enum` only. */
  readonly values?: readonly string[];
}

/** The original's words for a value that cannot be taken, and what it does not say: parameter and what is expected. */
export interface Complaint {
  readonly message: string;
  readonly hint: string;
}

type Nullable<S, O> = O extends { optional: true } ? (O extends { default: S } ? S : S | null) : S;
type OptionalOf<O> = O extends { optional: true } ? true : O extends { default: unknown } ? true : false;
/** The field that options of a kind make. */
export type Made<T extends Field['type'], S, O> = Field<Nullable<S, O>, OptionalOf<O>> & {
  readonly type: T;
} & (O extends {
    immutable: true;
  }
    ? { readonly immutable: true }
    : unknown);

type Kind<S> = Pick<Field<S>, 'type' | 'column' | 'placeholder' | 'read' | 'json' | 'render' | 'forPeople'> & {
  /** The original's words about a value, by the parameter's name. */
  complaint: (given: unknown, name: string) => string;
  expects: string;
};

export function make<const T extends Field['type'], S, const O extends FieldOptions<S>>(
  kind: Kind<S>,
  options: O,
): Made<T, S, O> {
  const { complaint, expects, ...rest } = kind;
  const explain = (given: unknown, name: string): Complaint => ({
    message: complaint(given, name),
    hint: `${name}: expected ${expects}`,
  });
  return {
    ...rest,
    ...options,
    explain,
    optional: options.optional === true || options.default !== undefined,
  } as unknown as Made<T, S, O>;
}

/** A complaint for people: what is wrong, and in parentheses what is expected. */
export function inOneLine({ message, hint }: Complaint): string {
  return `${readable(message)} (${hint})`;
}

/** `words` and the value, as the original puts it for addresses. */
export function about(words: string): Kind<unknown>['complaint'] {
  return (given) => `${words}: ${shown(given)}`;
}

/** A value outside a list or a range: the original prints a hash of Ruby. `readable` undoes it. */
export function outside(given: unknown, name: string): string {
  const value = typeof given === 'string' ? JSON.stringify(shown(given)) : shown(given);
  return `{:error=>"parameter validation failed", :parameter=>:${name}, :value=>${value}, :reason=>:in}`;
}

/** A value as an error message shows it: cut where it is long. */
export function shown(given: unknown): string {
  const text = typeof given === 'string' ? given : inJson(given);
  return text.length > 80 ? `${text.slice(0, 80)}… (${text.length} characters)` : text;
}

/** A client may send a value that is too deep for it to be written again. */
function inJson(given: unknown): string {
  try {
    return JSON.stringify(given) ?? String(given);
  } catch {
    return `a deeply nested ${Array.isArray(given) ? 'list' : 'object'}`;
  }
}
