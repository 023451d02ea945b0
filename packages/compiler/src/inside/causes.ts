/** Why a packet does not arrive: the object that is in its way, and what the manager needs to know to say what mends it. */
import { ipv4ToText, type TraceCause, type TraceOnward, traceProtocols } from '@openvnet/model';
import type { Attachment } from '../engine/relations.ts';
import { isWithin, protocol as protocols } from '../pipeline/flow.ts';
import { declared } from '../pipeline/tables.ts';
import type { Outcome, Packet, Taken } from '../simulate/simulate.ts';
import type { Inspected } from './flows.ts';
import { registerIn } from './names.ts';

/** Where a packet ended, in words. */
export interface Verdict {
  readonly arrived: boolean;
  readonly text: string;
  /** The object on which it depends, by uuid. */
  readonly blocked_by: string | null;
  readonly cause?: TraceCause;
  /** What an ARP question was answered with. */
  readonly mac?: number;
  /** Who got it, where that is a guest. */
  readonly receiver?: Attachment;
  /** Interfaces at whose ports it left, and that could keep it from arriving. */
  readonly reached?: readonly number[];
  /** Copies that leave for other hosts; with `leaves`, nothing stays here. */
  readonly onward?: readonly TraceOnward[];
  readonly leaves?: boolean;
}

/** Where a packet ended that no table took on. */
export function dropped(vswitch: Inspected, outcome: Outcome, packet?: Packet): Verdict {
  const last = outcome.trace.at(-1);
  if (!last) return { arrived: false, text: 'no table takes it', blocked_by: null };
  const text = `dropped in table ${last.table}`;
  if (declared(last.table)?.tunnels) return tunnelless(vswitch, last);
  const translating = declared(last.table)?.translates;
  if (translating && packet) return untranslated(vswitch, last, translating, packet);
  const direction = declared(last.table)?.filters;
  if (!direction || !packet) return { arrived: false, text, blocked_by: null };
  const port = direction === 'egress' ? Number(packet.in_port) : registerIn(last.before, 'out_port');
  const [holder] = vswitch.compiler.relations.binding.where('port', port);
  return holder ? filtered(vswitch, holder.id, direction, packet) : { arrived: false, text, blocked_by: null };
}

/** There is no tunnel to the host that has the receiver. */
function tunnelless({ compiler: { relations }, datapathId }: Inspected, { before }: Taken): Verdict {
  const [own, other] = [datapathId, registerIn(before, 'peer')].map((id) => relations.datapath.get(id));
  const lacking = [own, other].find((one) => one?.tunnel_address === null);
  const why = lacking ? `: ${lacking.uuid} has no tunnel address` : '';
  const text = `its receiver is on ${other?.uuid}, and no tunnel leads there${why}`;
  return { arrived: false, text, blocked_by: (lacking ?? other)?.uuid ?? null };
}

type Translating = NonNullable<NonNullable<ReturnType<typeof declared>>['translates']>;

function untranslated(
  { compiler: { relations } }: Inspected,
  { before }: Taken,
  { by, address }: Translating,
  packet: Packet,
): Verdict {
  const interface_id = registerIn(before, by);
  const uuid = relations.interface.get(interface_id)?.uuid ?? null;
  const value = Number(packet[address]);
  const text = `${uuid} translates addresses, and nothing translates ${ipv4ToText(value)}`;
  const route_link_id = registerIn(before, 'route_link');
  const cause = { what: 'untranslated', interface_id, address: value, route_link_id } as const;
  return { arrived: false, text, blocked_by: uuid, cause };
}

/** The filtered interfaces of a broadcast domain that a packet for everybody does not reach. */
export function deafTo(
  { compiler: { relations } }: Inspected,
  { trace, sent }: Outcome,
  { in_port }: Packet,
): number[] {
  const domain = registerIn(trace.at(-1)?.before ?? {}, 'domain');
  const reached = new Set([...sent.map(({ port }) => port), Number(in_port)]);
  const deaf: number[] = [];
  for (const { domain_id, port, filtered, interface_id } of relations.attachment.rows())
    if (domain_id === domain && filtered && port !== null && !reached.has(port)) deaf.push(interface_id);
  return deaf;
}

/** What the filters of an interface do not let pass. */
export function filtered(
  { compiler: { relations } }: Inspected,
  interfaceId: number,
  direction: 'egress' | 'ingress',
  packet: Packet,
): Verdict {
  const cause = filteredBy(interfaceId, direction, packet);
  const uuid = relations.interface.get(interfaceId)?.uuid ?? null;
  const does = direction === 'egress' ? 'send' : 'receive';
  return { arrived: false, text: `${uuid} filters, and may not ${does} it`, blocked_by: uuid, ...(cause && { cause }) };
}

function filteredBy(
  interface_id: number,
  direction: 'egress' | 'ingress',
  { ip_proto, ipv4_src, ipv4_dst, tcp_dst, udp_dst }: Packet,
): TraceCause | undefined {
  const [protocol] = traceProtocols.filter((name) => protocols[name] === Number(ip_proto));
  const peer = Number(direction === 'egress' ? ipv4_dst : ipv4_src);
  return (
    protocol && { what: 'filtered', interface_id, direction, protocol, peer, port: Number(tcp_dst ?? udp_dst ?? 0) }
  );
}

/** Why nobody on the switch has an address, which one of the networks might have leased. */
export function whyUnknown(
  { compiler }: Inspected,
  networks: readonly number[],
  ip: number,
): Pick<Verdict, 'text' | 'blocked_by' | 'cause'> {
  const { relations } = compiler;
  const address = ipv4ToText(ip);
  const leases = networks.flatMap((id) => relations.ip_lease.where('network_id', id));
  const lease = leases.find(({ ipv4_address }) => ipv4_address === ip);
  if (!lease) {
    const names = networks.map((id) => relations.network.get(id)?.uuid ?? String(id)).join(' or ');
    const has = networks.find((id) => {
      const network = relations.network.get(id);
      return network && isWithin(ip, network.ipv4_network, network.ipv4_prefix);
    });
    const network_id = has ?? networks[0];
    const cause = network_id && ({ what: 'unknown_address', network_id, address: ip } as const);
    return { text: `nobody in ${names} has ${address}`, blocked_by: null, ...(cause && { cause }) };
  }
  const holder = lease.interface_id === null ? undefined : relations.interface.get(lease.interface_id);
  if (!holder) return { text: `${address} is ${lease.uuid}, which no interface has`, blocked_by: lease.uuid };
  const objects = new Set([`interface ${holder.id}`, `ip_lease ${lease.id}`]);
  const reasons = [...compiler.waits()]
    .filter(({ kind, id }) => objects.has(`${kind} ${id}`))
    .map(({ reason }) => reason);
  const waits = reasons.length > 0 ? `: waits for ${reasons.join('; ')}` : '';
  return { text: `${address} is of ${holder.uuid}, which is not in effect here${waits}`, blocked_by: holder.uuid };
}
