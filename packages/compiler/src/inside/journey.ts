import { ipv4ToText, macToText, type TraceLeg, type TraceQuestion } from '@openvnet/model';
import type { Attachment, Relations } from '../engine/relations.ts';
import { frameSize, isWithin } from '../pipeline/flow.ts';
import type { Verdict } from './causes.ts';
import type { Inspected } from './flows.ts';
import type { Leg, Legs } from './legs.ts';
import { arpQuestion, groupMac, guestPacket } from './packets.ts';
import { arpVerdict, packetVerdict } from './verdict.ts';

/** The way of a packet from a guest to where it ends, or leaves the host. */
export interface Journey {
  readonly legs: readonly TraceLeg[];
  readonly verdict: Verdict;
  readonly notes: readonly string[];
  /** Says so where its sender has never sent. */
  readonly silence: () => Promise<string[]>;
}

/** The question for the next hop, and, where it is answered, the packet. */
export async function journey(
  through: Legs,
  question: TraceQuestion,
  { from, to, reply }: { readonly from: Attachment; readonly to: number; readonly reply: boolean },
): Promise<Journey> {
  const { vswitch } = through;
  const { relations } = vswitch.compiler;
  const network = relations.network.get(from.network_id)?.uuid ?? String(from.network_id);
  const name = relations.interface.get(from.interface_id)?.uuid ?? String(from.interface_id);
  const who = reply ? 'reply' : 'packet';
  const title = `${who} from ${name} (${ipv4ToText(from.ip)}) to ${ipv4ToText(to)}`;
  const group = groupMac(to, relations.network.get(from.network_id) ?? { ipv4_network: 0, ipv4_prefix: 32 });
  if (group !== undefined) {
    const packet = guestPacket(from, { to, nextHop: group, reply }, question);
    const sent = await through.run(title, packet, (outcome) => packetVerdict(vswitch, outcome, packet));
    return { legs: [sent.leg], verdict: sent.verdict, notes: [], silence: silenceOf(vswitch, from, sent) };
  }
  const gateway = contains(relations, from.network_id, to) ? undefined : gatewayOf(relations, from.network_id, to);
  if (!gateway && !contains(relations, from.network_id, to)) {
    const text = `${ipv4ToText(to)} is not in ${network}, and no gateway of ${network} belongs to a router`;
    const cause = { what: 'no_gateway', network_id: from.network_id, to } as const;
    return {
      legs: [through.none(title, text, cause)],
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
  const asked = await through.run(`${name} asks for the MAC address of ${ipv4ToText(nextHop)}`, request, (outcome) =>
    arpVerdict(vswitch, outcome, request, { network_id: from.network_id, ip: nextHop }),
  );
  if (!asked.verdict.arrived || asked.verdict.mac === undefined)
    return { legs: [asked.leg], verdict: asked.verdict, notes, silence: silenceOf(vswitch, from, asked) };
  const packet = guestPacket(from, { to, nextHop: asked.verdict.mac, reply }, question);
  const sent = await through.run(title, packet, (outcome) => packetVerdict(vswitch, outcome, packet));
  const silence = silenceOf(vswitch, from, asked);
  const { cause } = sent.verdict;
  if (cause?.what !== 'too_large' || question.dont_fragment)
    return { legs: [asked.leg, sent.leg], verdict: sent.verdict, notes, silence };
  const { mtu } = cause;
  const part = { ...packet, size: frameSize(mtu) };
  const parts = await through.run(`its fragments of up to ${mtu} bytes`, part, (outcome) =>
    packetVerdict(vswitch, outcome, part),
  );
  const text = `${parts.verdict.text}, in fragments of up to ${mtu} bytes; with don't-fragment set, as TCP sets it, its sender would be told to send less (--dont-fragment)`;
  return { legs: [asked.leg, sent.leg, parts.leg], verdict: { ...parts.verdict, text }, notes, silence };
}

export function contains(relations: Relations, networkId: number, ip: number): boolean {
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

function silenceOf(vswitch: Inspected, sender: Attachment, { admitted }: Leg): () => Promise<string[]> {
  return async () => (admitted === undefined ? [] : silence(vswitch, sender, admitted));
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
