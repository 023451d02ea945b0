import type { ShownFlow, TraceCause } from '@openvnet/model';
import type { RegisterName } from '../pipeline/registers.ts';
import type { AgentReason, TableName } from '../pipeline/tables.ts';
import type { Packet } from '../simulate/simulate.ts';
import type { View } from './relations.ts';

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

/** A packet that a flow has punted, for people who trace it. */
export interface Punted {
  readonly view: View;
  readonly packet: Packet;
  /** What a register held then. */
  readonly register: (name: RegisterName) => number;
  /** The registers and fields as they were then, by name. */
  readonly before: Readonly<Record<string, string>>;
}

/** What the agent does with a punted packet: in words, or that nobody has an address. */
export type Fate =
  | { readonly text: string; readonly arrives?: true; readonly cause?: TraceCause | undefined }
  | { readonly nobodyHas: number };

/** By the reasons for which a feature has packets punted. */
export type Tells = { readonly [R in AgentReason]?: (punted: Punted) => Fate };

/** The fate of a packet that a network service answers. */
export function answeredByService({ before: { gateway } }: Punted): Fate {
  return { text: `answered by a service of ${gateway ? `gateway ${gateway}` : 'the network'}`, arrives: true };
}
