/**
 * The way of a packet from a guest to an address, run through the flows that should be in the switch: first the question
 * for the next hop's MAC address, then the packet, then the reply. Every step names the object that decided it.
 */
import {
  ipv4ToText,
  macToText,
  shell,
  type TraceAnswer,
  type TraceCause,
  type TraceLeg,
  type TraceQuestion,
} from '@openvnet/model';
import { decodeFlow, type Flow } from '@openvnet/openflow';
import { readCookie } from '../engine/feature.ts';
import type { Attachment, Relations } from '../engine/relations.ts';
import { frameSize, isWithin } from '../pipeline/flow.ts';
import { type Outcome, type Packet, type Program, program, simulate } from '../simulate/simulate.ts';
import type { Verdict } from './causes.ts';
import { datapathName, decidedBy, type Inspected } from './flows.ts';
import { actionsByName, matchByName, nextOf, stateByName } from './names.ts';
import { arpQuestion, flowText, groupMac, guestPacket } from './packets.ts';
import { arpVerdict, packetVerdict } from './verdict.ts';
import { said } from './words.ts';

/** Flows that are read before others get their turn. */
const portion = 2000;

/** Asks the switch itself what it would do with a packet; gives its words, or why it cannot be asked. */
export type AskSwitch = (dpid: string, packet: string) => Promise<string>;

/** The trace, where the interface that sends is on one of the switches; null if it is not. */
export async function trace(
  switches: readonly Inspected[],
  question: TraceQuestion,
  askSwitch: AskSwitch,
): Promise<TraceAnswer | null> {
  const vswitch = switches.find(({ compiler }) => compiler.relations.binding.get(question.interface_id));
  if (!vswitch) return null;
  const datapath_uuid = datapathName(vswitch);
  const { relations } = vswitch.compiler;
  const uuid = relations.interface.get(question.interface_id)?.uuid;
  const refuse = (verdict: string): TraceAnswer => ({
    datapath_uuid,
    delivered: false,
    verdict,
    legs: [],
    against: [],
    notes: [],
  });
  const own = relations.attachment.where('interface_id', question.interface_id).filter(({ port }) => port !== null);
  const sender = own.find(({ network_id }) => contains(relations, network_id, question.to)) ?? own[0];
  if (!sender) {
    const simulated = relations.binding.get(question.interface_id)?.port === null;
    const leases = relations.mac_lease.where('interface_id', question.interface_id);
    const [segment] = leases.flatMap(({ segment_id }) => relations.segment.get(segment_id ?? 0)?.uuid ?? []);
    if (simulated) return refuse(`${uuid} is answered for by the switch: it has no guest that could send`);
    return refuse(
      segment
        ? `${uuid} has no IP lease: in ${segment} frames go by MAC address, from whatever address its guest has`
        : `${uuid} has no IP lease. Use: ${shell`vnctl ip-leases add --interface-uuid ${uuid ?? ''} --network-uuid NETWORK --ipv4-address ADDRESS`}`,
    );
  }
  const traveller = new Traveller(vswitch, await programOf(vswitch), question, askSwitch);
  const there = await traveller.journey(sender, question.to, false);
  const legs = [...there.legs];
  let { verdict } = there;
  const receiver = verdict.receiver;
  const back =
    question.both && verdict.arrived && receiver ? await traveller.journey(receiver, sender.ip, true) : undefined;
  if (back) {
    legs.push(...back.legs);
    const first = verdict.text;
    verdict = {
      ...back.verdict,
      text: back.verdict.arrived
        ? `${first}, and the reply comes back`
        : `${first}, but not the reply: ${back.verdict.text}`,
    };
  }
  const against = obstacles(vswitch, sender.interface_id, there.verdict.reached ?? []);
  const silent = [...(await there.silence()), ...((await back?.silence()) ?? [])];
  const contradicted = verdict.arrived && against.length > 0;
  return {
    datapath_uuid,
    delivered: verdict.arrived && !contradicted,
    verdict: contradicted ? `${against[0]}; by its flows alone it would be ${verdict.text}` : verdict.text,
    legs,
    against,
    notes: [...there.notes, ...silent, ...refusals(vswitch, sender, receiver)],
  };
}

/** What is known beside the flows and keeps the packet from arriving. */
function obstacles(vswitch: Inspected, sender: number, reached: readonly number[]): string[] {
  const { connection, reality } = vswitch;
  const lost = `the switch of ${datapathName(vswitch)} is not connected, so its flows may be older than what is registered`;
  const ports = [sender, ...reached].flatMap((id) => reality?.obstacles(id) ?? []);
  return [...(connection ? [] : [lost]), ...new Set(ports)];
}

/** A guest of which no frame was ever taken in, by the counters of the flows that take its frames in. */
async function silence({ compiler, connection }: Inspected, guest: Attachment, admitted: bigint): Promise<string[]> {
  const flows = (await connection?.dumpFlows({ table: 0, cookie: admitted })) ?? [];
  if (flows.length === 0 || flows.some(({ packets }) => packets > 0)) return [];
  const { relations } = compiler;
  const [name, port] = [relations.interface.get(guest.interface_id)?.uuid, relations.port.get(guest.port!)?.name];
  const age = Math.floor(Math.min(...flows.map(({ seconds }) => seconds)));
  const [mac, ip] = [macToText(guest.mac), ipv4ToText(guest.ip)];
  const prefix = relations.network.get(guest.network_id)?.ipv4_prefix ?? 32;
  const commands = `ip link set DEVICE address ${mac} up && ip addr add ${ip}/${prefix} dev DEVICE`;
  return [
    `no frame of ${name} (${mac}, ${ip}) has come in at port ${port} in the ${age} s since it is there. Inside its guest, use: ${commands}`,
  ];
}

function refusals({ reality }: Inspected, sender: Attachment, receiver: Attachment | undefined): string[] {
  const guests = new Set([sender, receiver].flatMap((guest) => guest?.interface_id ?? []));
  return [...guests].flatMap((id) => reality?.refusals(id) ?? []);
}

interface Leg {
  readonly leg: TraceLeg;
  readonly verdict: Verdict;
  /** Cookie of the flow that took the packet in. */
  readonly admitted: bigint | undefined;
}

interface Journey {
  readonly legs: readonly TraceLeg[];
  readonly verdict: Verdict;
  readonly notes: readonly string[];
  /** Says so where its sender has never sent. */
  readonly silence: () => Promise<string[]>;
}

class Traveller {
  readonly #switch: Inspected;
  readonly #program: Program;
  readonly #question: TraceQuestion;
  readonly #askSwitch: AskSwitch;

  constructor(vswitch: Inspected, flows: Program, question: TraceQuestion, askSwitch: AskSwitch) {
    this.#switch = vswitch;
    this.#program = flows;
    this.#question = question;
    this.#askSwitch = askSwitch;
  }

  /** The question for the next hop, and, where it is answered, the packet. */
  async journey(from: Attachment, to: number, reply: boolean): Promise<Journey> {
    const { relations } = this.#switch.compiler;
    const network = relations.network.get(from.network_id)?.uuid ?? String(from.network_id);
    const name = relations.interface.get(from.interface_id)?.uuid ?? String(from.interface_id);
    const who = reply ? 'reply' : 'packet';
    const title = `${who} from ${name} (${ipv4ToText(from.ip)}) to ${ipv4ToText(to)}`;
    const group = groupMac(to, relations.network.get(from.network_id) ?? { ipv4_network: 0, ipv4_prefix: 32 });
    if (group !== undefined) {
      const packet = guestPacket(from, { to, nextHop: group, reply }, this.#question);
      const sent = await this.#leg(title, packet, (outcome) => packetVerdict(this.#switch, outcome, packet));
      return { legs: [sent.leg], verdict: sent.verdict, notes: [], silence: this.#silence(from, sent) };
    }
    const gateway = contains(relations, from.network_id, to) ? undefined : gatewayOf(relations, from.network_id, to);
    if (!gateway && !contains(relations, from.network_id, to)) {
      const text = `${ipv4ToText(to)} is not in ${network}, and no gateway of ${network} belongs to a router`;
      const cause = { what: 'no_gateway', network_id: from.network_id, to } as const;
      return {
        legs: [noLeg(title, text, cause)],
        verdict: { arrived: false, text, blocked_by: null, cause },
        notes: [],
        silence: async () => [],
      };
    }
    const nextHop = gateway?.ip ?? to;
    const gatewayName = gateway && relations.interface.get(gateway.interface_id)?.uuid;
    const notes = gateway
      ? [
          `${name} is taken to send to other networks by ${gatewayName} (${ipv4ToText(nextHop)}); what its guest does is set there`,
        ]
      : [];
    const request = arpQuestion(from, nextHop);
    const asked = await this.#leg(`${name} asks for the MAC address of ${ipv4ToText(nextHop)}`, request, (outcome) =>
      arpVerdict(this.#switch, outcome, request, { network_id: from.network_id, ip: nextHop }),
    );
    if (!asked.verdict.arrived || asked.verdict.mac === undefined)
      return { legs: [asked.leg], verdict: asked.verdict, notes, silence: this.#silence(from, asked) };
    const packet = guestPacket(from, { to, nextHop: asked.verdict.mac, reply }, this.#question);
    const sent = await this.#leg(title, packet, (outcome) => packetVerdict(this.#switch, outcome, packet));
    const silence = this.#silence(from, asked);
    const { cause } = sent.verdict;
    if (cause?.what !== 'too_large' || this.#question.dont_fragment)
      return { legs: [asked.leg, sent.leg], verdict: sent.verdict, notes, silence };
    const { mtu } = cause;
    const part = { ...packet, size: frameSize(mtu) };
    const parts = await this.#leg(`its fragments of up to ${mtu} bytes`, part, (outcome) =>
      packetVerdict(this.#switch, outcome, part),
    );
    const text = `${parts.verdict.text}, in fragments of up to ${mtu} bytes; with don't-fragment set, as TCP sets it, its sender would be told to send less (--dont-fragment)`;
    return { legs: [asked.leg, sent.leg, parts.leg], verdict: { ...parts.verdict, text }, notes, silence };
  }

  #silence(sender: Attachment, { admitted }: Leg): () => Promise<string[]> {
    return async () => (admitted === undefined ? [] : silence(this.#switch, sender, admitted));
  }

  async #leg(title: string, packet: Packet, judge: (outcome: Outcome) => Verdict): Promise<Leg> {
    const { compiler, dpid } = this.#switch;
    const { relations } = compiler;
    let steps: TraceLeg['steps'] = [];
    let verdict: Verdict;
    let admitted: bigint | undefined;
    try {
      const outcome = simulate(this.#program, packet);
      let decided: ReturnType<typeof decidedBy> | undefined;
      steps = outcome.trace.map((step) => {
        const { table, priority, flow } = step;
        const [match, actions] = [matchByName(relations, flow), actionsByName(relations, flow)];
        const found = decidedBy(relations, flow);
        // What several objects share is here of the one that led to it.
        const shared = found.object_uuid === null && readCookie(flow.cookie).item > 0;
        decided = shared && decided ? { ...decided, feature: found.feature } : found;
        const taken = { priority, match, actions, next: nextOf(flow), ...decided };
        const { feature, object_uuid, interface_uuid } = taken;
        const says = said(table, { ...taken, before: stateByName(relations, step) });
        return { table, feature, object_uuid, interface_uuid, says, match, actions };
      });
      admitted = outcome.trace[0]?.cookie;
      verdict = judge(outcome);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      verdict = {
        arrived: false,
        text: `this cannot be said without the switch: ${error.message}; try --live`,
        blocked_by: null,
      };
    }
    const live = this.#question.live ? await this.#askSwitch(dpid, flowText(packet)) : null;
    const last = steps.at(-1);
    if (verdict.text === `dropped in table ${last?.table}`)
      verdict = { ...verdict, text: `${verdict.text}: ${last?.says}` };
    const { arrived, text, blocked_by, cause = null } = verdict;
    const { size: _, ...header } = packet;
    const shown = matchByName(relations, { table: 0, match: header as Flow['match'] });
    return { leg: { title, packet: shown, steps, arrived, verdict: text, blocked_by, cause, live }, verdict, admitted };
  }
}

/** A packet that its sender does not even send. */
function noLeg(title: string, verdict: string, cause: TraceCause): TraceLeg {
  return { title, packet: {}, steps: [], arrived: false, verdict, blocked_by: null, cause, live: null };
}

function contains(relations: Relations, networkId: number, ip: number): boolean {
  const network = relations.network.get(networkId);
  return network !== undefined && isWithin(ip, network.ipv4_network, network.ipv4_prefix);
}

/** By which simulated interface a network would be left for `to`: one whose router leads there, or else to anywhere. */
function gatewayOf(relations: Relations, networkId: number, to: number): Attachment | undefined {
  const simulated = relations.attachment.where('network_id', networkId).filter(({ port }) => port === null);
  const routesOf = ({ interface_id }: Attachment) =>
    relations.route.where('interface_id', interface_id).filter(({ ingress }) => ingress);
  const leads = (gateway: Attachment): boolean =>
    routesOf(gateway).some(({ route_link_id }) =>
      relations.route
        .where('route_link_id', route_link_id)
        .some(({ egress, ipv4_network, ipv4_prefix }) => egress && isWithin(to, ipv4_network, ipv4_prefix)),
    );
  return simulated.find(leads) ?? simulated.find((gateway) => routesOf(gateway).length > 0);
}

/** The flows that should be in the switch, ready to run; read in portions, so that the agent goes on meanwhile. */
async function programOf({ compiler: { flows } }: Inspected): Promise<Program> {
  const read: Flow[] = [];
  for (const key of [...flows.keys()]) {
    const body = flows.get(key);
    if (body !== undefined) read.push(decodeFlow({ key, body }));
    if (read.length % portion === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return program(read);
}
