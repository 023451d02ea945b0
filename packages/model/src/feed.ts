/**
 * What manager and agents say to each other, as JSON texts over a WebSocket at `/feed`. The agent opens with `hello`;
 * the manager answers with `snapshot`, or with `changes` where the agent's copy can be brought up to date; then it sends
 * `changes` as they are committed. Where there are several hosts it first asks for the ports of the host (`slices`). The agent sends a `report` whenever what it has to say has changed.
 */
import { agoText } from './ago.ts';
import type { Notice } from './from-agents.ts';
import type { ArrivalQuestion, FlowsQuestion, TraceQuestion, TunnelQuestion } from './questions.ts';
import type { Kind, RowOf } from './resources/index.ts';

/** What stands behind the epoch of a copy that is a slice: what the ports of a host can reach. */
export const sliceMark = '/slice';

/** One object made, changed (`row` is all of it) or gone (null). */
export type Change = { [K in Kind]: { readonly kind: K; readonly id: number; readonly row: RowOf<K> | null } }[Kind];

/** An object as agents have it: of no use to them is when it was made and changed, which would take two fifths of the text. */
export type AgentRow<K extends Kind> = Omit<RowOf<K>, 'created_at' | 'updated_at'>;

/** A change as agents are told of it. */
export type AgentChange = {
  [K in Kind]: { readonly kind: K; readonly id: number; readonly row: AgentRow<K> | null };
}[Kind];

export type ToAgent =
  | {
      readonly type: 'snapshot';
      readonly store: string;
      /** Managers of older versions have none. */
      readonly epoch?: string;
      readonly revision: number;
      readonly rows: { readonly [K in Kind]?: readonly AgentRow<K>[] };
    }
  | {
      readonly type: 'changes';
      readonly store: string;
      readonly epoch?: string;
      readonly revision: number;
      readonly changes: readonly AgentChange[];
    }
  /**
   * The agent is not served yet: another one has the name of the node, or the agent holds the flows of another store. Where
   * `report` is set the manager wants to hear of its host meanwhile.
   */
  | { readonly type: 'wait'; readonly reason: string; readonly report?: true }
  /**
   * The agent is told of what its ports can reach, and no more; so it is to report them, with all else. A manager with one
   * datapath does not ask for that. Sent only to agents that know it.
   */
  | { readonly type: 'slices' }
  | { readonly type: 'ask'; readonly ask: number; readonly question: Question };

/**
 * What the manager may want to know at once. `refused` counts frames that the sender guard dropped, `packets` what came of
 * those that the switches handed over, `notices` is what guests did last in vain, `ports` where ports of
 * some names are, and which ports no interface has.
 */
export type Question =
  | { readonly about: 'refused'; readonly interface_id?: number }
  | { readonly about: 'packets' }
  /** Asks for something to be done: a bridge that is not registered any more is to be opened. */
  | { readonly about: 'release'; readonly dpid: string }
  | { readonly about: 'notices'; readonly interface_id?: number }
  | { readonly about: 'ports'; readonly names: readonly string[] }
  | FlowsQuestion
  | TraceQuestion
  | ArrivalQuestion
  | TunnelQuestion;

/** Frames refused by the sender guard, by interface. */
export type Refused = readonly { readonly interface_id: number; readonly frames: number }[];

/** A notice as a sentence. */
export function noticeText(uuid: string, { what, seconds_ago }: Pick<Notice, 'what' | 'seconds_ago'>): string {
  return `${uuid} ${what.replace(/(?=\. Use: |$)/, ` (${agoText(seconds_ago)})`)}`;
}
