/**
 * What agents say, as schemas: the manager checks every message and answer by them. Apart from the rest of the model, so
 * that programs which check nothing need not hold what schemas are made of.
 */
import * as z from 'zod';
import { nodeName } from './node-name.ts';

/** Most entries in a part of a report; a host has some thousands of ports. */
const mostEntries = 200_000;
/** What an agent says in words; what is longer is cut. */
const shortText = z.string().overwrite((text) => (text.length > 4000 ? `${text.slice(0, 4000)}...` : text));
/** A name of a device or of an outcome, say. */
const name = z.string().max(255);
/** How many there are, or how many seconds have passed. */
const count = z.int().min(0);
/** Id of an object. */
const id = z.int().min(1);
/** Number of a revision; 0 before the first. */
const revision = z.int().min(0);
const dpid = z.string().regex(/^(0x)?[0-9a-f]{1,16}$/i, 'expected a datapath id: up to 16 hexadecimal digits');
/** OpenFlow number of a port. */
const portNumber = z.int().min(0).max(0xffff_ffff);

/** What the guest of an interface did last in vain, as a clause that its name stands before. */
export const notice = z.object({ interface_id: id, what: shortText, seconds_ago: count });
export type Notice = z.infer<typeof notice>;

/** Bridges of a host, registered or not: the ports that were asked for, and some that no interface has. */
export const portsAnswer = z
  .array(
    z.object({
      dpid,
      name,
      /** `error` is what Open vSwitch says where it could not set the port up. */
      found: z.array(z.object({ name, error: shortText.nullable() })).max(mostEntries),
      spare: z.array(name).max(1000),
    }),
  )
  .max(1000);
export type PortsAnswer = z.infer<typeof portsAnswer>;

/** Packets that switches have handed to an agent since it was started. */
export const packetCounts = z.object({
  /** Since when it counts; agents of older versions do not say. */
  since: z.iso.datetime().optional(),
  answered: count,
  /** Not answered, because their port had more than its share. */
  limited: count,
  /** What happened, by reason and word: `dhcp ack`, `dns malformed`. */
  counts: z
    .record(name, count)
    .refine((counts) => Object.keys(counts).length <= 1000, 'expected at most 1000 outcomes'),
});
export type PacketCounts = z.infer<typeof packetCounts>;

/** What came of computing everything anew and comparing it with what is in use. */
const selfCheck = z.object({
  /** When the last one ended. */
  at: shortText,
  /** How much was computed. */
  items: count,
  /** How much was found wrong since the bridge is served, and put right. */
  disagreements: count,
  /** What the last one found, by feature and object, or by table. */
  found: z.array(shortText).max(1000),
});

/** What other programs have changed in a switch, and was put back. */
const tampered = z.object({
  changes: count,
  /** The kinds of things. */
  what: z.array(shortText).max(100),
  /** When it was last seen. */
  at: z.iso.datetime(),
  /** The command that keeps the program away, or helps to find it. */
  use: shortText,
});

const bridge = z.object({
  dpid,
  name,
  /** How the agent is connected to it: the management socket, or the switch's own connection. */
  connection: shortText.nullable(),
  /** Why it is not, or what is wrong with it. */
  problem: shortText.nullable(),
  /** What the agent has done to it or found there that an operator would want to know. */
  notes: z.array(shortText).max(1000),
  ports: count,
  /** Flows in the switch; null while they are not known. */
  flows: count.nullable(),
  /** The newest revision whose flows the switch has acknowledged; null before the first. */
  revision: revision.nullable(),
  /** Id of the datapath that it was served as before it was closed, where it is closed. */
  closed_from: id.optional(),
  /** Absent where nothing was; agents of versions before say it among the notes. */
  tampered: tampered.optional(),
  /** Null before the first; agents of versions before do not say it. */
  self_check: selfCheck.nullable().optional(),
});

const bound = z.object({
  interface_id: id,
  datapath_id: id,
  port_name: name.nullable(),
  port_number: portNumber.nullable(),
  link: z.enum(['up', 'down']).nullable(),
  /** Whether the host has switched the port on; agents of before do not say. */
  admin: z.enum(['up', 'down']).nullable().optional(),
});

const waiting = z.object({ kind: name, id, reason: shortText });

/** The addresses of a host, and the one to which other hosts send. */
const underlay = z.object({
  /** Null if there is none. */
  address: shortText.nullable(),
  addresses: z.array(shortText).max(1000),
  /** Of the device of each of them, in bytes. Agents of before do not say. */
  mtus: z.array(z.number().int().min(0).max(65_535).nullable()).max(1000).optional(),
  /** Name of the device with the address. */
  device: shortText.nullable().optional(),
  /** Of that device, in bytes. */
  mtu: z.number().int().min(0).max(65_535).nullable(),
  problem: shortText.nullable(),
});

/** Ports of the bridges of a host, each with its bridge, name and `external_ids:iface-id`. */
const ports = z.object({
  set: z.array(z.tuple([dpid, name, name.nullable()])).max(mostEntries),
  gone: z.array(z.tuple([dpid, name])).max(mostEntries),
  whole: z.boolean(),
});

/** What an agent says of its host. `bridges`, `bound` and `waiting` are each whole where given; absent means as before. */
export const report = z.object({
  type: z.literal('report'),
  /** The newest revision that every switch served here has acknowledged. */
  revision,
  /** Why the switches of the host cannot be seen; null when they can. */
  problem: shortText.nullable(),
  bridges: z.array(bridge).max(1000).optional(),
  bound: z
    .object({
      set: z.array(bound).max(mostEntries),
      gone: z.array(z.tuple([id, id])).max(mostEntries),
      whole: z.boolean(),
    })
    .optional(),
  waiting: z.array(waiting).max(mostEntries).optional(),
  /** Agents of older versions do not say. */
  underlay: underlay.optional(),
  /** Said once the manager has sent `slices`. */
  ports: ports.optional(),
  /** Interfaces whose guests were heard at datapaths while others had them; whole where given. */
  heard: z
    .array(z.tuple([id, id]))
    .max(mostEntries)
    .optional(),
});

export const toManager = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    node: z.string().regex(nodeName.pattern, nodeName.expected),
    version: z.string().max(100),
    hostname: z.string().max(255),
    pid: count,
    /** Tells machines apart; agents of older versions do not say it, nor when they were started, in milliseconds since 1970. */
    machine: z.string().max(100).optional(),
    started_at: z.number().min(0).max(1e15).optional(),
    /** The copy that the agent has, if any. */
    store: z.string().max(100).nullable(),
    revision: revision.nullable(),
    /** The epoch of its store that the copy is of; agents of older versions do not say. */
    epoch: z.string().max(100).nullable().optional(),
    /** Whether it knows the message `slices`. */
    slices: z.boolean().optional(),
  }),
  report,
  z.object({ type: z.literal('answer'), ask: count, answer: z.unknown() }),
]);

export type ToManager = z.infer<typeof toManager>;
export type Report = z.infer<typeof report>;
export type BridgeReport = z.infer<typeof bridge>;
export type UnderlayReport = z.infer<typeof underlay>;
export type SelfCheckReport = z.infer<typeof selfCheck>;
export type PortsReport = z.infer<typeof ports>;
export type Bound = z.infer<typeof bound>;
export type Waiting = z.infer<typeof waiting>;
