/**
 * What manager and agents say to each other, as JSON texts over a WebSocket at `/feed`. The agent opens with `hello`;
 * the manager answers with `snapshot`, or with `changes` where the agent's copy can be brought up to date; then it sends
 * `changes` as they are committed. The agent sends a `report` whenever what it has to say has changed.
 */
import * as z from 'zod';
import { agoText } from './ago.ts';
import type { FlowsQuestion, TraceQuestion } from './questions.ts';
import type { Kind, RowOf } from './resources/index.ts';

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
  | TraceQuestion;

/** What the guest of an interface did last in vain, as a clause that its name stands before. */
export const notice = z.object({ interface_id: z.number(), what: z.string(), seconds_ago: z.number() });
export type Notice = z.infer<typeof notice>;

/** Bridges of a host, registered or not: the ports that were asked for, and some that no interface has. */
export const portsAnswer = z.array(
  z.object({
    dpid: z.string(),
    name: z.string(),
    /** `error` is what Open vSwitch says where it could not set the port up. */
    found: z.array(z.object({ name: z.string(), error: z.string().nullable() })),
    spare: z.array(z.string()),
  }),
);
export type PortsAnswer = z.infer<typeof portsAnswer>;

/** Frames refused by the sender guard, by interface. */
export type Refused = readonly { readonly interface_id: number; readonly frames: number }[];

/** Packets that switches have handed to an agent since it was started. */
export const packetCounts = z.object({
  /** Since when it counts; agents of older versions do not say. */
  since: z.iso.datetime().optional(),
  answered: z.number(),
  /** Not answered, because their port had more than its share. */
  limited: z.number(),
  /** What happened, by reason and word: `dhcp ack`, `dns malformed`. */
  counts: z.record(z.string(), z.number()),
});
export type PacketCounts = z.infer<typeof packetCounts>;

/** Most entries in a part of a report; a host has some thousands of ports. */
const mostEntries = 200_000;
/** What an agent says in words; what is longer is cut. */
const shortText = z.string().overwrite((text) => (text.length > 4000 ? `${text.slice(0, 4000)}...` : text));

/** What came of computing everything anew and comparing it with what is in use. */
const selfCheck = z.object({
  /** When the last one ended. */
  at: shortText,
  /** How much was computed. */
  items: z.number(),
  /** How much was found wrong since the bridge is served, and put right. */
  disagreements: z.number(),
  /** What the last one found, by feature and object, or by table. */
  found: z.array(shortText).max(1000),
});

/** What other programs have changed in a switch, and was put back. */
const tampered = z.object({
  changes: z.number(),
  /** The kinds of things. */
  what: z.array(shortText).max(100),
  /** When it was last seen. */
  at: z.iso.datetime(),
  /** The command that keeps the program away, or helps to find it. */
  use: shortText,
});

const bridge = z.object({
  dpid: shortText,
  name: shortText,
  /** How the agent is connected to it: the management socket, or the switch's own connection. */
  connection: shortText.nullable(),
  /** Why it is not, or what is wrong with it. */
  problem: shortText.nullable(),
  /** What the agent has done to it or found there that an operator would want to know. */
  notes: z.array(shortText).max(1000),
  ports: z.number(),
  /** Flows in the switch; null while they are not known. */
  flows: z.number().nullable(),
  /** The newest revision whose flows the switch has acknowledged; null before the first. */
  revision: z.number().nullable(),
  /** Id of the datapath that it was served as before it was closed, where it is closed. */
  closed_from: z.number().optional(),
  /** Absent where nothing was; agents of versions before say it among the notes. */
  tampered: tampered.optional(),
  /** Null before the first; agents of versions before do not say it. */
  self_check: selfCheck.nullable().optional(),
});

const bound = z.object({
  interface_id: z.number(),
  datapath_id: z.number(),
  port_name: shortText.nullable(),
  port_number: z.number().nullable(),
  link: z.enum(['up', 'down']).nullable(),
  /** Whether the host has switched the port on; agents of before do not say. */
  admin: z.enum(['up', 'down']).nullable().optional(),
});

const waiting = z.object({ kind: shortText, id: z.number(), reason: shortText });

/** What an agent says of its host. `bridges`, `bound` and `waiting` are each whole where given; absent means as before. */
export const report = z.object({
  type: z.literal('report'),
  /** The newest revision that every switch served here has acknowledged. */
  revision: z.number(),
  /** Why the switches of the host cannot be seen; null when they can. */
  problem: shortText.nullable(),
  bridges: z.array(bridge).max(1000).optional(),
  bound: z
    .object({
      set: z.array(bound).max(mostEntries),
      gone: z.array(z.tuple([z.number(), z.number()])).max(mostEntries),
      whole: z.boolean(),
    })
    .optional(),
  waiting: z.array(waiting).max(mostEntries).optional(),
});

/** The name of a host: what an agent calls itself. */
export const nodeName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:-]{0,254}$/,
    'expected a letter or digit, then at most 254 letters, digits, ".", "_", ":" or "-"',
  );

export const toManager = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    node: nodeName,
    version: z.string().max(100),
    hostname: z.string().max(255),
    pid: z.number(),
    /** Tells machines apart; agents of older versions do not say it, nor when they were started, in milliseconds since 1970. */
    machine: z.string().max(100).optional(),
    started_at: z.number().optional(),
    /** The copy that the agent has, if any. */
    store: z.string().nullable(),
    revision: z.number().nullable(),
    /** The epoch of its store that the copy is of; agents of older versions do not say. */
    epoch: z.string().max(100).nullable().optional(),
  }),
  report,
  z.object({ type: z.literal('answer'), ask: z.number(), answer: z.unknown() }),
]);

export type ToManager = z.infer<typeof toManager>;
export type Report = z.infer<typeof report>;
export type BridgeReport = z.infer<typeof bridge>;
export type SelfCheckReport = z.infer<typeof selfCheck>;
export type Bound = z.infer<typeof bound>;
export type Waiting = z.infer<typeof waiting>;

/** A notice as a sentence. */
export function noticeText(uuid: string, { what, seconds_ago }: Pick<Notice, 'what' | 'seconds_ago'>): string {
  return `${uuid} ${what.replace(/(?=\. Use: |$)/, ` (${agoText(seconds_ago)})`)}`;
}
