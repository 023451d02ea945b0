/**
 * The way of a packet from a guest to an address, run through the flows that should be in the switch: first the question
 * for the next hop's MAC address, then the packet, then the reply. Every step names the object that decided it. What leaves
 * for another host goes on there, as its agent says.
 */
import {
  type ArrivalQuestion,
  type HostTrace,
  shell,
  type TraceLeg,
  type TraceQuestion,
  withReply,
} from '@openvnet/model';
import { objectOfDomain } from '../pipeline/domain-numbers.ts';
import { ethernet } from '../pipeline/flow.ts';
import type { Outcome, Packet } from '../simulate/simulate.ts';
import type { Verdict } from './causes.ts';
import { datapathName, type Inspected } from './flows.ts';
import { contains, journey } from './journey.ts';
import { type AskSwitch, Legs } from './legs.ts';
import { arrivingPacket, oversize } from './onward.ts';
import { arpVerdict, packetVerdict } from './verdict.ts';

/** The trace, where the interface that sends is on one of the switches; null if it is not. */
export async function trace(
  switches: readonly Inspected[],
  question: TraceQuestion,
  askSwitch: AskSwitch,
): Promise<HostTrace | null> {
  const vswitch = switches.find(({ compiler }) => compiler.relations.binding.get(question.interface_id));
  if (!vswitch) return null;
  const datapath_uuid = datapathName(vswitch);
  const { relations } = vswitch.compiler;
  const uuid = relations.interface.get(question.interface_id)?.uuid;
  const nothing = { delivered: false, legs: [], against: [], notes: [], onward: [], leaves: false, receiver: null };
  const refuse = (verdict: string): HostTrace => ({ datapath_uuid, ...nothing, verdict });
  const own = relations.attachment.where('interface_id', question.interface_id).filter(({ port }) => port !== null);
  const sender =
    own.find(({ ip }) => ip === question.sender) ??
    own.find(({ network_id }) => contains(relations, network_id, question.to)) ??
    own[0];
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
  const through = await Legs.through(vswitch, question.live ? askSwitch : undefined);
  const there = await journey(through, question, {
    from: sender,
    to: question.to,
    reply: question.reply ?? false,
  });
  const { receiver } = there.verdict;
  const replies = question.both && there.verdict.arrived && !there.verdict.onward?.length && receiver;
  const back = replies ? await journey(through, question, { from: receiver, to: sender.ip, reply: true }) : undefined;
  const [silent, silentBack] = [await there.silence(), (await back?.silence()) ?? []];
  return answer(vswitch, [...there.legs, ...(back?.legs ?? [])], {
    verdict: back ? { ...back.verdict, text: withReply(there.verdict.text, back.verdict) } : there.verdict,
    passed: { senders: [sender.interface_id], sender: sender.ip, ...there.verdict },
    notes: [...there.notes, ...silent, ...silentBack],
  });
}

/** What becomes of a packet that another host has sent to one of the switches; null if it is none of them. */
export async function traceArrival(
  switches: readonly Inspected[],
  question: ArrivalQuestion,
  askSwitch: AskSwitch,
): Promise<HostTrace | null> {
  const vswitch = switches.find(({ datapathId }) => datapathId === question.datapath_id);
  if (!vswitch) return null;
  const { encapsulation, from, live } = question;
  const sender = [...vswitch.compiler.relations.datapath.rows()].find((row) => row.tunnel_address === from);
  const title = `out of the ${encapsulation} tunnel from ${sender ? `${sender.uuid} (${from})` : from}`;
  const packet = arrivingPacket(vswitch, question);
  if (!packet) {
    const text = `${datapathName(vswitch)} has no ${encapsulation} tunnel port`;
    return answer(vswitch, [], { verdict: { arrived: false, text, blocked_by: null }, notes: [] });
  }
  const through = await Legs.through(vswitch, live ? askSwitch : undefined);
  const { leg, verdict } = await through.run(title, packet, (outcome) => judge(vswitch, outcome, packet));
  const passed = { senders: [], sender: Number(packet.ipv4_src ?? 0), ...verdict };
  return answer(vswitch, [leg], { verdict, passed, notes: [] });
}

function judge(vswitch: Inspected, outcome: Outcome, packet: Packet): Verdict {
  if (Number(packet.eth_type) !== ethernet.arp) return packetVerdict(vswitch, outcome, packet);
  const { id } = objectOfDomain(Number(packet.tunnel_id));
  return arpVerdict(vswitch, outcome, packet, { network_id: id, ip: Number(packet.arp_tpa) });
}

interface Ended {
  readonly verdict: Verdict;
  readonly notes: readonly string[];
  /** Interfaces of this host on the way of the packet, and who sent it: an address, and interfaces that are here. */
  readonly passed?: Pick<Verdict, 'reached' | 'receiver' | 'onward' | 'leaves'> & {
    readonly senders: readonly number[];
    readonly sender: number;
  };
}

function answer(vswitch: Inspected, legs: readonly TraceLeg[], { verdict, notes, passed }: Ended): HostTrace {
  const { senders = [], sender = 0, reached = [], receiver, onward = [], leaves = false } = passed ?? {};
  const large = onward.flatMap((copy) => oversize(vswitch, copy));
  const against = [...obstacles(vswitch, [...senders, ...reached]), ...large];
  const contradicted = verdict.arrived && against.length > 0;
  return {
    datapath_uuid: datapathName(vswitch),
    delivered: verdict.arrived && !leaves && !contradicted,
    verdict: contradicted && !leaves ? `${against[0]}; by its flows alone it would be ${verdict.text}` : verdict.text,
    legs,
    against,
    notes: [...notes, ...refusals(vswitch, [...senders, ...(receiver ? [receiver.interface_id] : [])])],
    onward,
    leaves,
    receiver: receiver ? { interface_id: receiver.interface_id, ip: receiver.ip, sender } : null,
  };
}

/** What is known beside the flows and keeps the packet from arriving. */
function obstacles(vswitch: Inspected, interfaces: readonly number[]): string[] {
  const { connection, reality } = vswitch;
  const lost = `the switch of ${datapathName(vswitch)} is not connected, so its flows may be older than what is registered`;
  const ports = interfaces.flatMap((id) => reality?.obstacles(id) ?? []);
  return [...(connection ? [] : [lost]), ...new Set(ports)];
}

function refusals({ reality }: Inspected, guests: readonly number[]): string[] {
  return [...new Set(guests)].flatMap((id) => reality?.refusals(id) ?? []);
}
