/** What keeps other hosts from sending to a datapath, or it to them. */
import { ipv4ToText, type RowOf, shell } from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { mapInOrder } from '../in-order.ts';
import type { Agent } from '../status/agents.ts';
import { isSameHost } from '../status/claims.ts';
import { type Facts, seenAs, startOf } from '../status/facts.ts';

type Datapath = RowOf<'datapath'>;

export interface TunnelFindings {
  readonly waits_for: readonly string[];
  readonly notes: readonly string[];
}

export function tunnelFindings(facts: Facts, rows: readonly Datapath[]): Promise<TunnelFindings[]> {
  return mapInOrder(rows, async (row) => {
    const [{ agent } = {}] = seenAs(row, facts.agents);
    return {
      waits_for: [...(await addressless(facts, row, agent)), ...sharedAddress(facts, row, agent)],
      notes: foreignAddress(row, agent),
    };
  });
}

/** The command that gives the agent of a host a tunnel address: one that it has, where it has said so. */
export function useTunnelAddress(
  facts: Pick<Facts, 'url'>,
  { node, underlay }: Pick<Agent, 'node' | 'underlay'>,
): string {
  const [address = 'ADDRESS'] = underlay?.addresses ?? [];
  return `On ${node}, use: ${startOf(facts, node)} ${shell`--tunnel-address ${address}`}`;
}

/** A datapath that shares networks with other hosts, and to which none of them can send. */
async function addressless(facts: Facts, row: Datapath, agent: Agent | undefined): Promise<string[]> {
  // What an agent of an older version, or none, has not said is not known.
  if (row.tunnel_address !== null || !agent?.underlay || facts.datapaths.length < 2) return [];
  const others = await sharing(facts.reader, row);
  const names = facts.datapaths
    .filter((other) => others.has(other.id) && !isOf(facts, other, agent))
    .map(({ uuid }) => uuid);
  if (names.length === 0) return [];
  const shown = names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
  const why =
    agent.underlay.problem ?? `agent ${agent.node} reaches the manager from no address that other hosts reach`;
  return [
    `${row.uuid} has no tunnel address, so it cannot exchange frames with ${shown}: ${why}. Give the agent an address, or the manager one other than 127.0.0.1. ${useTunnelAddress(facts, agent)}`,
  ];
}

/** Whether a datapath is of the host of an agent. */
function isOf({ agents }: Facts, datapath: Datapath, agent: Agent): boolean {
  return seenAs(datapath, agents).some((seen) => isSameHost(seen.agent, agent));
}

/** Other datapaths with interfaces in the networks and segments of one, or in networks that a router joins to those. */
async function sharing(reader: Reader, { id }: Datapath): Promise<Set<number>> {
  const placed = await reader.find('active_interface', { datapath_id: id });
  const interface_id = placed.map((row) => row.interface_id);
  if (interface_id.length === 0) return new Set();
  const segment_id = (await reader.find('interface_segment', { interface_id })).map((row) => row.segment_id);
  const network_id = await routed(
    reader,
    (await reader.find('interface_network', { interface_id })).map((row) => row.network_id),
  );
  const members = [
    ...(await reader.find('interface_network', { network_id })),
    ...(await reader.find('interface_segment', { segment_id: [...new Set(segment_id)] })),
  ];
  const places = await reader.find('active_interface', {
    interface_id: [...new Set(members.map((row) => row.interface_id))],
  });
  return new Set(places.map(({ datapath_id }) => datapath_id).filter((other) => other !== id));
}

/** Networks, with those that routers join to them. */
async function routed(reader: Reader, networks: readonly number[]): Promise<number[]> {
  const near = await reader.find('route', { network_id: [...new Set(networks)] });
  const links = new Set(near.map(({ route_link_id }) => route_link_id));
  const far = await reader.find('route', { route_link_id: [...links] });
  return [...new Set([...networks, ...far.flatMap(({ network_id }) => network_id ?? [])])];
}

/** Two hosts with one tunnel address: a frame from there could be of either, so they have no tunnel. */
function sharedAddress(facts: Facts, row: Datapath, agent: Agent | undefined): string[] {
  const { uuid, tunnel_address } = row;
  if (tunnel_address === null || !agent) return [];
  return facts.datapaths.flatMap((other) => {
    if (other.id === row.id || other.tunnel_address !== tunnel_address) return [];
    const [{ agent: its } = {}] = seenAs(other, facts.agents);
    if (!its || isSameHost(its, agent)) return [];
    return `${uuid} on ${agent.node} and ${other.uuid} on ${its.node} have one tunnel address, ${tunnel_address}, so they cannot exchange frames. Give each host an address of its own. ${useTunnelAddress(facts, agent)}`;
  });
}

/** A registered address that the host does not have; older registrations hold any. */
function foreignAddress({ uuid, ipv4_address, tunnel_address }: Datapath, agent: Agent | undefined): string[] {
  if (ipv4_address === null || !agent?.underlay) return [];
  const address = ipv4ToText(ipv4_address);
  if (address === '0.0.0.0' || agent.underlay.addresses.includes(address)) return [];
  const instead = tunnel_address ?? agent.underlay.addresses.find((one) => one.includes('.'));
  const used = tunnel_address === null ? 'it is ignored' : `${tunnel_address} is used`;
  const use = shell`vnctl datapaths modify ${uuid} --ipv4-address ${instead?.includes('.') ? instead : 'ADDRESS'}`;
  return [`${uuid} has ipv4_address ${address}, which no device of ${agent.node} has: ${used}. Use: ${use}`];
}
