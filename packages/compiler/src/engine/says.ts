import type { ShownFlow } from '@openvnet/model';
import type { TableName } from '../pipeline/tables.ts';

/** A flow that took a packet, and the registers and fields as they were when it did, by name. */
export interface Taken
  extends Pick<ShownFlow, 'match' | 'actions' | 'next' | 'feature' | 'object_uuid' | 'interface_uuid'> {
  readonly before: Readonly<Record<string, string>>;
  /** What its actions set, by name. */
  readonly sets: Readonly<Record<string, string>>;
}

/** What a flow does with a packet, as people say it. */
export type Sentence = string | ((taken: Taken) => string);

/** By the tables in which a feature has flows. */
export type Says = { readonly [T in TableName]?: Sentence };

export function sentenceOf(sentence: Sentence, taken: Taken): string {
  return typeof sentence === 'string' ? sentence : sentence(taken);
}
