import type { Kind, Question } from '@openvnet/model';
import type { Action, Flow as DecodedFlow } from '@openvnet/openflow';
import type { Flow } from '../pipeline/flow.ts';
import type { RegisterName } from '../pipeline/registers.ts';
import type { AgentReason, TableName } from '../pipeline/tables.ts';
import type { LocalRows, RelationName, Rows, View } from './relations.ts';
import type { Says, Tells } from './says.ts';

/**
 * Where items come from: the rows of a relation (those for which `when` holds, which looks at the row alone), or the
 * groups of its rows that share a number in a column.
 */
export type Source = {
  [N in RelationName]:
    | { readonly of: N; readonly when?: (row: Rows[N]) => boolean }
    | { readonly of: N; readonly by: keyof Rows[N] & string };
}[RelationName];

/** What an object waits for, in words that stand behind "waits for". */
export interface Wait {
  readonly waiting: true;
  readonly kind: Kind;
  readonly id: number;
  readonly reason: string;
}

export function waiting(kind: Kind, id: number, reason: string): Wait {
  return { waiting: true, kind, id, reason };
}

/** A packet that the switch has handed over, as far as it is of use here. Numbers are those of the model. */
export interface PacketToAgent {
  /** OpenFlow port at which it came in. */
  readonly port: number;
  readonly frame: Uint8Array;
  /** What a register held when the packet was handed over; 0 for nothing. */
  readonly register: (name: RegisterName) => number;
  /** Puts every register back as it was: for a packet that is to go on where it left off. */
  readonly restore: () => Action[];
}

/** A frame for the switch, and what it does with it: sends it out, or takes it on at a table. */
export interface Reply {
  readonly frame: Uint8Array;
  readonly actions: readonly Action[];
  /**
   * Port at which it is taken to have come in; the agent's own unless given. A frame that goes on past connection tracking
   * needs a real one: the switch loses what came in at none once a table has changed `in_port`.
   */
  readonly in_port?: number;
}

/** What an answer to a packet may look up and ask for. */
export interface Lookup extends Pick<View, 'get' | 'where' | 'datapathId'> {
  /** What `compute` gives, kept under a name until something that it read changes. */
  remember: <T>(name: string, compute: (view: View) => T) => T;
  /** Asks servers that the host can reach, on behalf of the port: the answer, or why there is none. Never fails. */
  exchange: (request: Exchange) => Promise<Buffer | NoAnswer>;
  /** The MAC address of a station that the model does not know: asks it, until it answers or nobody will. */
  resolve: (station: StationAddress) => Promise<number | Unresolved>;
  /** A station says what its MAC address is. Counts only where somebody wanted to know, or knows it. */
  heard: (station: StationAddress, mac: number) => void;
  /**
   * The guest of an interface that is on another host has been heard here: the interface moves here. Says whether the switch
   * takes what the guest sends.
   */
  arrived: (interfaceId: number) => Promise<boolean>;
  /** Takes the packet as a segment of TCP for a server that talks so; what there is to send goes back by itself. */
  converse: (conversation: Conversation) => void;
  /** What the guest of an interface did in vain, as a clause that its name stands before; the newest is kept. */
  notice: (interfaceId: number, what: string) => void;
  /** Counts what happened, by reason and word. */
  count: (what: string) => void;
  /** Counts it and logs it, though not more often than once a second. */
  note: (what: string, values: object) => void;
}

/** A station by its broadcast domain and address. */
export interface StationAddress {
  readonly domain: number;
  readonly ip: number;
}

/** Why there is no MAC address: nobody has answered, or too many wait already. */
export type Unresolved = 'nobody' | 'busy';

/** Why no server has answered, of several the last one: in the words of the counters. */
export type NoAnswer =
  | 'server unreachable'
  | 'server silent'
  | 'server answers are invalid'
  | 'too many queries in progress';

/** A datagram for the first of some servers that gives an answer which `accept` takes. */
export interface Exchange {
  readonly servers: readonly string[];
  readonly port: number;
  readonly message: Uint8Array;
  readonly accept: (answer: Buffer) => boolean;
  /** Whether the server has more to say than this, which takes a stream: messages each behind its size in two bytes. */
  readonly hasMore?: (answer: Buffer) => boolean;
}

/** What a server says over TCP to messages that come one behind another. */
export interface Conversation {
  /** How many bytes the first message takes; undefined if more of it has to be there to tell. */
  readonly sizeOf: (bytes: Buffer) => number | undefined;
  /** What goes back for a whole message. Where it throws, the connection is reset. */
  readonly reply: (message: Buffer) => Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Counts what becomes of connections. */
  readonly count: (what: string) => void;
}

/** Packets that one port may have answered: so many at once, and so many a second. */
export interface Limit {
  readonly burst: number;
  readonly perSecond: number;
}

/** How rows that the agent itself keeps are found again in the flows of a table that a feature has made of them. */
export type Adoption = {
  [N in keyof LocalRows]: {
    readonly into: N;
    readonly table: TableName;
    /** The row of an item; undefined if the flow is none of the feature's. */
    readonly row: (flow: DecodedFlow, id: number) => LocalRows[N] | undefined;
  };
}[keyof LocalRows];

/** What the flows of a feature in a table have counted, by item: what the manager may ask for. Items are interfaces. */
export interface Counting {
  readonly about: Extract<Question, { readonly interface_id?: number }>['about'];
  readonly table: TableName;
}

/**
 * One function of the data plane. `select` reads the model and says what an item is, what it waits for, or nothing;
 * `flows` says what should then be in the switch. Both are pure: a change of anything that `select` read computes the
 * item again, also for the other features that have the same source, and nothing else.
 */
export interface Feature<Item> {
  readonly name: string;
  readonly doc: string;
  /** Marks its flows: the first byte of their cookie, 1 to 255. The rest is the item. */
  readonly cookie: number;
  /** What its flows do with a packet, by their tables: for people who trace one. */
  readonly says: Says;
  readonly source: Source;
  readonly select: (view: View, key: number) => Item | Wait | undefined;
  readonly flows: (item: Item) => readonly Flow[];
  /** Flows that depend on nothing. */
  readonly always?: readonly Flow[];
  /** What the agent does with packets that a flow has handed it for one of these reasons. */
  readonly answers?: { readonly [R in AgentReason]?: Answer };
  /** What that comes to, for people who trace a packet; for every reason for which what a guest sends can be punted. */
  readonly tells?: Tells;
  /** How many of them each port may have answered; a few a second where nothing is said. */
  readonly limit?: Limit;
  readonly adopts?: Adoption;
  readonly counts?: Counting;
}

/** The frames to send for a packet. Pure but for what it asks `lookup`; what it throws is logged, and the packet is dropped. */
export type Answer = (packet: PacketToAgent, lookup: Lookup) => readonly Reply[] | Promise<readonly Reply[]>;

/** Computes the rows of a relation of the switch from others, item by item. */
export interface Derivation<N extends keyof LocalRows = keyof LocalRows> {
  readonly into: N;
  readonly doc: string;
  readonly source: Source;
  /** The id of an item's row, where that is not the item's: where several derivations fill one relation. */
  readonly idOf?: (key: number) => number;
  readonly select: (view: View, key: number) => LocalRows[N] | Wait | undefined;
}

/** Likewise, where an item may have several rows; no other item has a row with one of their ids. */
export interface RowsDerivation<N extends keyof LocalRows = keyof LocalRows>
  extends Pick<Derivation<N>, 'into' | 'doc' | 'source'> {
  readonly rows: (view: View, key: number) => readonly LocalRows[N][];
}

export type AnyDerivation = Derivation | RowsDerivation;

export function feature<Item>(declared: Feature<Item>): Feature<Item> {
  return declared;
}

export function derivation<N extends keyof LocalRows>(declared: Derivation<N>): Derivation<N> {
  return declared;
}

export function rowsDerivation<N extends keyof LocalRows>(declared: RowsDerivation<N>): RowsDerivation<N> {
  return declared;
}

export function isWait(value: unknown): value is Wait {
  return typeof value === 'object' && value !== null && 'waiting' in value;
}

const itemBits = 56n;

/** The cookie of a flow as the switch has it: a body begins with it. */
export function cookieIn(body: string): bigint {
  return Buffer.from(body.slice(0, 8), 'latin1').readBigUInt64BE();
}

/** The cookie of an item's flows. */
export function cookieOf(featureCookie: number, item: number): bigint {
  return (BigInt(featureCookie) << itemBits) | BigInt(item);
}

/** Marks flows that the switch has made by itself. */
export const learnedMark = 0xff;

/** The cookie of what the switch learns at the uplink of an interface. */
export function learnedCookie(interfaceId: number): bigint {
  return cookieOf(learnedMark, interfaceId);
}

/** Which flows the switch has made by itself, for a request. */
export const learnedFlows = { cookie: cookieOf(learnedMark, 0), cookie_mask: cookieOf(0xff, 0) } as const;

/** Which feature's and which item's flows have this cookie. */
export function readCookie(cookie: bigint): { feature: number; item: number } {
  return { feature: Number(cookie >> itemBits), item: Number(cookie & ((1n << itemBits) - 1n)) };
}
