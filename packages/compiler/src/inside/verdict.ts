import { ipv4ToText, macToText } from '@openvnet/model';
import { View } from '../engine/relations.ts';
import type { Fate } from '../engine/says.ts';
import { networksIn } from '../features/broadcast-domains.ts';
import type { RegisterName } from '../pipeline/registers.ts';
import { declared } from '../pipeline/tables.ts';
import type { Outcome, Packet } from '../simulate/simulate.ts';
import { deafTo, dropped, filtered, type Verdict, whyUnknown } from './causes.ts';
import { decidedBy, type Inspected } from './flows.ts';
import { registerIn, stateByName } from './names.ts';
import { onwardOf, onwardText } from './onward.ts';
import { fateOf } from './words.ts';

/** Whether an ARP request for `ip` was answered. Other hosts that get it may know a station that is outside of them. */
export function arpVerdict(
  vswitch: Inspected,
  outcome: Outcome,
  packet: Packet,
  asked: { readonly network_id: number; readonly ip: number },
): Verdict {
  const verdict = arpVerdictHere(vswitch, outcome, packet, asked);
  return verdict.arrived ? verdict : { ...verdict, onward: onwardOf(vswitch, outcome.sent, packet) };
}

function arpVerdictHere(
  vswitch: Inspected,
  outcome: Outcome,
  packet: Packet,
  asked: { readonly network_id: number; readonly ip: number },
): Verdict {
  const [answer] = outcome.sent;
  const mac = answer?.packet.arp_sha;
  if (mac !== undefined && answer!.packet.arp_op === 2n) {
    const text = `${ipv4ToText(asked.ip)} is at ${macToText(Number(mac))}`;
    return { arrived: true, text, blocked_by: null, mac: Number(mac) };
  }
  const outside = outsideText(vswitch, outcome);
  if (outside !== undefined)
    return {
      arrived: true,
      text: `nobody here has ${ipv4ToText(asked.ip)}: the ARP request ${outside}`,
      blocked_by: null,
    };
  const fate = fateIn(vswitch, outcome, packet);
  const unknown = (fate && 'nobodyHas' in fate) || isFlooded(outcome);
  if (!unknown) return dropped(vswitch, outcome);
  return { arrived: false, ...whyUnknown(vswitch, [asked.network_id], asked.ip) };
}

/** Where an IP packet ended, or for which hosts it left. */
export function packetVerdict(vswitch: Inspected, outcome: Outcome, packet: Packet): Verdict {
  const { tunnel } = vswitch.compiler.relations;
  const onward = onwardOf(vswitch, outcome.sent, packet);
  if (onward.length === 0) return verdictHere(vswitch, outcome, packet);
  const left = `sent to ${onward.map((copy) => onwardText(vswitch, copy)).join(', ')}`;
  const sent = outcome.sent.filter(({ port }) => !tunnel.get(port));
  if (sent.length === 0) return { arrived: true, text: left, blocked_by: null, onward, leaves: true };
  const here = verdictHere(vswitch, { sent, toAgent: outcome.toAgent, trace: outcome.trace }, packet);
  return { ...here, text: `${here.text}, and ${left}`, onward };
}

function verdictHere(vswitch: Inspected, outcome: Outcome, packet: Packet): Verdict {
  const { relations } = vswitch.compiler;
  const target = ipv4ToText(Number(packet.ipv4_dst));
  const outside = outsideText(vswitch, outcome);
  if (outside !== undefined) return { arrived: true, text: outside, blocked_by: null };
  const fate = fateIn(vswitch, outcome, packet);
  if (fate && 'nobodyHas' in fate) {
    const networks = networksIn(viewOf(vswitch), registerIn(outcome.trace.at(-1)!.before, 'domain'));
    return {
      arrived: false,
      ...whyUnknown(
        vswitch,
        networks.map(({ id }) => id),
        fate.nobodyHas,
      ),
    };
  }
  if (fate) {
    const { text, arrives = false, cause } = fate;
    return { arrived: arrives, text, blocked_by: null, ...(cause && { cause }) };
  }
  const [copy] = outcome.sent;
  if (isGroup(packet) && isFlooded(outcome)) return floodVerdict(vswitch, outcome, packet);
  if (!copy) return dropped(vswitch, outcome, packet);
  if (declared(outcome.trace.at(-1)?.table ?? '')?.replies) {
    const { interface_uuid } = decidedBy(relations, outcome.trace.findLast(({ table }) => !declared(table)?.replies)!);
    return { arrived: true, text: `answered by gateway ${interface_uuid}`, blocked_by: null };
  }
  const port = relations.port.get(copy.port)?.name ?? String(copy.port);
  const receivers = [...relations.attachment.rows()].filter((one) => one.port === copy.port);
  const receiver = receivers.find(
    ({ ip, mac }) => ip === Number(copy.packet.ipv4_dst) && mac === Number(copy.packet.eth_dst),
  );
  if (!receiver && receivers.length > 0) {
    const name = relations.interface.get(receivers[0]!.interface_id)?.uuid;
    return {
      arrived: false,
      text: `reaches port ${port}, but ${target} is no address of ${name}, which is there`,
      blocked_by: null,
    };
  }
  const name = receiver && relations.interface.get(receiver.interface_id)?.uuid;
  const text = `delivered to ${name ? `${name} at ` : ''}port ${port}`;
  const reached = relations.binding.where('port', copy.port).map(({ id }) => id);
  return { arrived: true, text, blocked_by: null, reached, ...(receiver && { receiver }) };
}

/** What the agent does with the packet; undefined where it does not get it. */
function fateIn(vswitch: Inspected, { toAgent: [handed], trace }: Outcome, packet: Packet): Fate | undefined {
  const last = trace.at(-1);
  if (!handed || !last) return undefined;
  const register = (name: RegisterName): number => registerIn(last.before, name);
  const before = stateByName(vswitch.compiler.relations, last);
  return fateOf(handed.reason, { view: viewOf(vswitch), packet, register, before });
}

function viewOf({ datapathId, compiler }: Inspected): View {
  return new View(datapathId, compiler.relations);
}

/** That copies leave by uplinks, to stations of which nothing is known here. */
function outsideText({ compiler }: Inspected, { sent }: Outcome): string | undefined {
  const { uplink, port } = compiler.relations;
  const uplinks = new Set([...uplink.rows()].map((row) => row.port));
  const left = sent.filter((copy) => uplinks.has(copy.port)).map((copy) => port.get(copy.port)?.name ?? copy.port);
  return left.length === 0 ? undefined : `leaves for stations outside at port ${left.join(', ')}`;
}

/** A packet for everybody in a domain: who gets it. */
function floodVerdict(vswitch: Inspected, outcome: Outcome, packet: Packet): Verdict {
  const { relations } = vswitch.compiler;
  const { sent } = outcome;
  const ports = [...new Set(sent.map(({ port }) => port))];
  const reached = ports.flatMap((port) => relations.binding.where('port', port).map(({ id }) => id));
  const names = reached.flatMap((id) => relations.interface.get(id)?.uuid ?? []).sort();
  const shown = names.length > mostNamed ? [...names.slice(0, mostNamed), `${names.length - mostNamed} more`] : names;
  const [deaf] = deafTo(vswitch, outcome, packet);
  const text = `delivered to ${shown.join(', ') || 'nobody'}`;
  if (deaf === undefined) return { arrived: true, text, blocked_by: null, reached };
  const refusal = filtered(vswitch, deaf, 'ingress', packet);
  return { ...refusal, arrived: names.length > 0, text: `${text}: ${refusal.text}`, reached };
}

function isFlooded({ trace }: Outcome): boolean {
  return trace.some(({ table }) => declared(table)?.floods);
}

const mostNamed = 8;

function isGroup({ eth_dst }: Packet): boolean {
  return (BigInt(eth_dst ?? 0) & 0x0100_0000_0000n) !== 0n;
}
