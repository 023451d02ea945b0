import { ipv4ToText, macToText, type TraceCause } from '@openvnet/model';
import { View } from '../engine/relations.ts';
import { networksIn } from '../features/broadcast-domains.ts';
import { mtuIn } from '../features/path-mtu.ts';
import { packetSize } from '../pipeline/flow.ts';
import { type AgentReason, declared, reasonOf } from '../pipeline/tables.ts';
import type { Outcome, Packet } from '../simulate/simulate.ts';
import { deafTo, dropped, filtered, noRoute, type Verdict, whyUnknown } from './causes.ts';
import { decidedBy, type Inspected } from './flows.ts';
import { registerIn, stateByName } from './names.ts';

/** Whether an ARP request for `ip` was answered. */
export function arpVerdict(vswitch: Inspected, outcome: Outcome, asked: { network_id: number; ip: number }): Verdict {
  const [answer] = outcome.sent;
  const mac = answer?.packet.arp_sha;
  if (mac !== undefined && answer!.packet.arp_op === 2n) {
    const text = `${ipv4ToText(asked.ip)} is at ${macToText(Number(mac))}`;
    return { arrived: true, text, blocked_by: null, mac: Number(mac) };
  }
  const last = outcome.trace.at(-1);
  const outside = outsideText(vswitch, outcome);
  if (outside !== undefined)
    return {
      arrived: true,
      text: `nobody here has ${ipv4ToText(asked.ip)}: the ARP request ${outside}`,
      blocked_by: null,
    };
  const noted = outcome.toAgent.some(({ reason }) => reasonOf(reason) === 'unanswered');
  const flooded = isFlooded(outcome);
  if (last?.table !== 'arp_answer' && !noted && !flooded) return dropped(vswitch, outcome);
  return { arrived: false, ...whyUnknown(vswitch, [asked.network_id], asked.ip) };
}

/** Where an IP packet ended. */
export function packetVerdict(vswitch: Inspected, outcome: Outcome, packet: Packet): Verdict {
  const { relations } = vswitch.compiler;
  const view = new View(vswitch.datapathId, relations);
  const target = ipv4ToText(Number(packet.ipv4_dst));
  const last = outcome.trace.at(-1);
  const before = last ? stateByName(relations, last) : {};
  const [handed] = outcome.toAgent;
  const outside = outsideText(vswitch, outcome);
  if (outside !== undefined) return { arrived: true, text: outside, blocked_by: null };
  if (handed) {
    const reason = reasonOf(handed.reason);
    if (reason === 'dhcp' || reason === 'dns' || reason === 'dns_tcp') {
      const text = `answered by a service of ${before.gateway ? `gateway ${before.gateway}` : 'the network'}`;
      return { arrived: true, text, blocked_by: null };
    }
    if (reason === 'host_unreachable') {
      const networks = networksIn(view, registerIn(last!.before, 'domain')).map(({ id }) => id);
      return { arrived: false, ...whyUnknown(vswitch, networks, registerIn(last!.before, 'target_ip')) };
    }
    if (reason === 'fragmentation_needed') {
      const [domain, target] = [registerIn(last!.before, 'domain'), registerIn(last!.before, 'target_ip')];
      const found = mtuIn(view, domain, target);
      const size = packetSize(Number(packet.size));
      const text = `its ${size} bytes are more than the ${found?.mtu} that ${found?.network} takes, and don't-fragment is set: its sender receives ICMP fragmentation needed`;
      const network = found && networksIn(view, domain).find(({ uuid }) => uuid === found.network);
      const cause = network && { what: 'too_large' as const, network_id: network.id, size };
      return { arrived: false, text, blocked_by: null, ...(cause && { cause }) };
    }
    const text = (reason && unreachable[reason]?.(target, before)) ?? `goes to the agent (${reason})`;
    const cause = reason && agentCauses[reason]?.(view, outcome, packet);
    return { arrived: false, text, blocked_by: null, ...(cause && { cause }) };
  }
  const [copy] = outcome.sent;
  if (isGroup(packet) && isFlooded(outcome)) return floodVerdict(vswitch, outcome, packet);
  if (!copy) return dropped(vswitch, outcome, packet);
  if (last?.table === 'echo') {
    const { interface_uuid } = decidedBy(relations, outcome.trace.at(-2)!);
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

const agentCauses: {
  readonly [R in AgentReason]?: (view: View, outcome: Outcome, packet: Packet) => TraceCause | undefined;
} = {
  network_unreachable: (_, { trace }, packet) => noRoute(trace.at(-2)!, packet),
  next_hop: (view, { trace }) => {
    const { before } = trace.at(-1)!;
    const [network] = networksIn(view, registerIn(before, 'domain'));
    return network && { what: 'silent_station', network_id: network.id, address: registerIn(before, 'target_ip') };
  },
};

const unreachable: {
  readonly [R in AgentReason]?: (target: string, before: Readonly<Record<string, string>>) => string;
} = {
  network_unreachable: (target, { route_link, gateway, ipv4_src }) =>
    route_link !== undefined
      ? `no route: ${route_link} has no route to ${target}`
      : `no route lets ${ipv4_src} in by ${gateway}`,
  host_unreachable: (target) => `nobody has ${target}`,
  port_unreachable: (target) => `${target} is a gateway itself, which takes echo requests only`,
  time_exceeded: () => 'its time to live has expired',
  next_hop: (_, { target_ip, domain }) => `waits until ${target_ip} in ${domain} has told the agent its MAC address`,
};

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
