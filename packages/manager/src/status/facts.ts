import { agoTextOf, type BridgeReport, type Kind, type RowOf, shell } from '@openvnet/model';
import type { Reader, Store } from '@openvnet/store';
import type { Agent, Agents } from './agents.ts';

/** A registered datapath that an agent serves. */
export interface ServedDatapath {
  readonly agent: Agent;
  readonly bridge: BridgeReport;
  readonly datapath: RowOf<'datapath'>;
  /** The newest revision that its switch has acknowledged. */
  readonly revision: number;
}

/** Whom to ask what only hosts know. */
export interface Hosts {
  readonly store: Store;
  readonly agents: Agents;
  readonly facts: <T>(work: (facts: Facts) => Promise<T>) => Promise<T>;
}

/** What a judgement rests on: what is registered, and what agents have said, at one moment. */
export interface Facts {
  readonly reader: Reader;
  readonly agents: Agents;
  /** Where this manager can be reached. */
  readonly url: string;
  readonly datapaths: readonly RowOf<'datapath'>[];
  /** By id of the datapath. */
  readonly served: ReadonlyMap<number, readonly ServedDatapath[]>;
}

export async function gatherFacts(reader: Reader, agents: Agents, url: string): Promise<Facts> {
  const datapaths = await reader.find('datapath', {});
  const bridges = Map.groupBy(
    agents.all().flatMap((agent) => agent.bridges.map((bridge) => ({ agent, bridge }))),
    ({ bridge }) => digitsOf(bridge.dpid),
  );
  const concerns = agents.concerns();
  const served = datapaths.map((datapath) => {
    const connected = (bridges.get(datapath.dpid) ?? []).flatMap(({ agent, bridge }) => {
      if (bridge.connection === null || bridge.revision === null) return [];
      // The agent's own revision is of all its switches, and newer where only that was said.
      const acknowledged = Math.max(bridge.revision, agent.revision ?? 0);
      return [{ agent, bridge, datapath, revision: concerns?.acknowledgedBy(agent, acknowledged) ?? acknowledged }];
    });
    return [datapath.id, connected] as const;
  });
  return { reader, agents, url, datapaths, served: new Map(served) };
}

/** Where the datapaths are served: all of them where none are given. */
export function servedOf(facts: Facts, datapathIds?: readonly number[]): ServedDatapath[] {
  const ids = datapathIds ?? facts.datapaths.map(({ id }) => id);
  return ids.flatMap((id) => facts.served.get(id) ?? []);
}

/** Those of the datapaths on whose hosts an object has to be. */
export function concernedOf(
  { agents }: Facts,
  served: readonly ServedDatapath[],
  kind: Kind,
  id: number,
): readonly ServedDatapath[] {
  const concerns = agents.concerns();
  return concerns ? served.filter(({ agent }) => concerns.concerns(agent, kind, id)) : served;
}

/** Why none of the datapaths is served, in a sentence that says what to do. */
export function whyUnserved(facts: Facts, datapaths: readonly RowOf<'datapath'>[] = facts.datapaths): string {
  const agents = facts.agents.all();
  if (agents.length === 0)
    return `no agent is connected to this manager. Start one on each host. Use: ${shell`vna --manager ${facts.url}`}`;
  const troubled = agents.find(({ problem }) => problem);
  if (datapaths.length === 0) {
    const bridges = unregisteredBridges(facts);
    const [first] = bridges;
    return first
      ? `no datapath is registered. ${first.agent.node} has bridge ${first.bridge.name}. Use: ${registration(facts, first.agent, first.bridge)}`
      : `no datapath is registered, and no agent has a bridge${troubled ? `: ${problemOf(troubled)}` : ''}`;
  }
  const [datapath] = datapaths as [RowOf<'datapath'>];
  const [found] = seenAs(datapath, facts.agents);
  if (found) {
    const { bridge, agent } = found;
    const why = bridge.problem ?? (bridge.connection === null ? 'not connected' : 'its flows are not installed yet');
    const where = `bridge ${bridge.name} on ${agent.node}, which is ${datapath.uuid}, is not served`;
    return agent.connection ? `${where}: ${why}` : `${where}: ${awayText(agent)}. Use: ${startOf(facts, agent.node)}`;
  }
  return whyUnseen(facts, datapath);
}

/** Why no agent sees the bridge of a datapath, and what to do. */
function whyUnseen(facts: Facts, { uuid, dpid, display_name, node_id }: RowOf<'datapath'>): string {
  const agents = facts.agents.all();
  const host = agents.find(({ node }) => node === node_id);
  const troubled = host?.problem ? host : agents.find(({ problem }) => problem);
  const missing = `${uuid}: no bridge with datapath id 0x${dpid} on ${host ? node_id : some(agents.map(({ node }) => node))}`;
  if (troubled) return `${missing}; ${problemOf(troubled)}`;
  const others = unregisteredBridges(facts);
  const [meant] = [
    ...others.filter(({ agent, bridge }) => agent.node === node_id && bridge.name === display_name),
    ...others.filter(({ agent, bridge }) => agent.node === node_id || bridge.name === display_name),
  ];
  if (meant) {
    const { bridge, agent } = meant;
    const seen = `bridge ${bridge.name} on ${agent.node} has 0x${digitsOf(bridge.dpid)} and is not registered`;
    return `${missing}; ${seen}. Use: ${shell`vnctl datapaths modify ${uuid} --dpid ${`0x${digitsOf(bridge.dpid)}`}`}`;
  }
  if (!host) return `${missing}; no agent of node ${node_id} is connected. Use: ${startOf(facts, node_id)}`;
  if (!host.connection) return `${missing}; ${awayText(host)}. Use: ${startOf(facts, host.node)}`;
  const name = display_name ?? 'BRIDGE';
  const made = `other-config:datapath-id=${dpid}`;
  return `${missing}. Use: ${shell`ovs-vsctl --may-exist add-br ${name} -- set bridge ${name} ${made}`}`;
}

/** The command that starts the agent of a node, on its host. */
export function startOf({ url }: Pick<Facts, 'url'>, node: string): string {
  return shell`vna --manager ${url} --node-id ${node}`;
}

/** That an agent is away, and for how long. */
export function awayText({ node, since }: Pick<Agent, 'node' | 'since'>): string {
  return `agent ${node} went away ${agoTextOf(since)}`;
}

/** The bridges with a datapath id, and the agents that see them. */
export function seenAs(
  { dpid }: Pick<RowOf<'datapath'>, 'dpid'>,
  agents: Agents,
): { agent: Agent; bridge: BridgeReport }[] {
  return agents
    .all()
    .flatMap((agent) => agent.bridges.map((bridge) => ({ agent, bridge })))
    .filter(({ bridge }) => digitsOf(bridge.dpid) === dpid);
}

/** Bridges that agents see and nobody has registered. */
export function unregisteredBridges(facts: Facts): { agent: Agent; bridge: BridgeReport }[] {
  const registered = new Set(facts.datapaths.map(({ dpid }) => dpid));
  const isRegistered = ({ dpid }: BridgeReport): boolean => registered.has(digitsOf(dpid));
  return facts.agents.all().flatMap((agent) => {
    const { bridges, underlay } = agent;
    // Beside a registered bridge, the one that leads to other hosts is not meant for guests.
    const isUnderlay = ({ name }: BridgeReport): boolean => name === underlay?.device && bridges.some(isRegistered);
    return bridges
      .filter((bridge) => !isRegistered(bridge) && !isUnderlay(bridge))
      .map((bridge) => ({ agent, bridge }));
  });
}

/**
 * The command that registers a bridge: where a datapath that is on no host has its name already, the one that gives that
 * datapath the id of the bridge.
 */
export function registration(facts: Facts, agent: Agent, { name, dpid }: Pick<BridgeReport, 'name' | 'dpid'>): string {
  const id = `0x${digitsOf(dpid)}`;
  const word =
    name
      .toLowerCase()
      .replace(/[^a-z0-9]/g, '')
      .slice(0, 16) || digitsOf(dpid).slice(-8);
  const holder = facts.datapaths.find(({ uuid }) => uuid === `dp-${word}`);
  if (holder && holder.node_id === agent.node && !isSeen(facts, holder))
    return shell`vnctl datapaths modify ${holder.uuid} --dpid ${id}`;
  const uuid = holder ? `dp-${word}-${digitsOf(dpid).slice(-8)}` : `dp-${word}`;
  return shell`vnctl datapaths add --uuid ${uuid} --display-name ${name} --dpid ${id} --node-id ${agent.node}`;
}

function isSeen({ agents }: Facts, datapath: RowOf<'datapath'>): boolean {
  return seenAs(datapath, agents).length > 0;
}

/** A datapath id as 16 digits, however the agent writes it. */
export function digitsOf(dpid: string): string {
  return dpid.replace(/^0x/, '').toLowerCase().padStart(16, '0');
}

function problemOf({ node, problem }: Agent): string {
  return `agent ${node} says: ${problem}`;
}

function some(words: readonly string[]): string {
  return words.length > 5 ? `${words.slice(0, 5).join(', ')} and ${words.length - 5} more` : words.join(', ');
}
