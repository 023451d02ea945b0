import type { Field, ObjectStatus, Resource } from '@openvnet/model';

type Shown<X> = X extends { readonly type: 'integer' }
  ? number
  : X extends { readonly type: 'boolean' }
    ? boolean
    : string;
type Nullable<X> = X extends Field<infer S, boolean> ? (null extends S ? null : never) : never;

/** An object as the API answers it: addresses as text, references as uuid and id, as the field shows them. */
export type Answer<R> =
  R extends Resource<infer F, infer _P>
    ? { readonly uuid: string; readonly id?: number; readonly created_at?: string; readonly updated_at?: string } & {
        readonly [K in keyof F as F[K] extends { readonly type: 'reference' } ? never : K]:
          | Shown<F[K]>
          | Nullable<F[K]>;
      } & {
        readonly [K in keyof F as F[K] extends { readonly type: 'reference' } ? K : never]?: string | null;
      } & { readonly [name: string]: unknown }
    : never;

/** The answer for one object, which says besides whether it is in effect. */
export type AnswerWithStatus<R> = Answer<R> & { readonly status: ObjectStatus };

/** Which part of a list, and what its objects must be: `{ mode: 'vif', limit: 10 }`. */
export interface Page {
  readonly [column: string]: string | number | boolean | undefined;
  /** At most so many; the API's own default unless given. */
  readonly limit?: number;
  /** How many to leave out at the beginning. */
  readonly offset?: number;
}

export interface List<T> {
  readonly total_count: number;
  readonly offset: number;
  readonly limit: number;
  readonly items: readonly T[];
}
