import { type BridgeReport, type RowOf, shell } from '@openvnet/model';
import type { Reader, Store } from '@openvnet/store';
import type { Agent, Agents } from './agents.ts';

/** A registered datapath that an agent serves. */
export interface Place {
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
  readonly places: ReadonlyMap<number, readonly Place[]>;
}

export async function gatherFacts(reader: Reader, agents: Agents, url: string): Promise<Facts> {
  const datapaths = await reader.find('datapath', {});
  const bridges = Map.groupBy(
    agents.all().flatMap((agent) => agent.bridges.map((bridge) => ({ agent, bridge }))),
    ({ bridge }) => digitsOf(bridge.dpid),
  );
  const places = datapaths.map((datapath) => {
    const served = (bridges.get(datapath.dpid) ?? []).flatMap(({ agent, bridge }) => {
      if (bridge.connection === null || bridge.revision === null) return [];
      // The agent's own revision is of all its switches, and newer where only that was said.
      return [{ agent, bridge, datapath, revision: Math.max(bridge.revision, agent.revision ?? 0) }];
    });
    return [datapath.id, served] as const;
  });
  return { reader, agents, url, datapaths, places: new Map(places) };
}

/** Where the datapaths are served: all of them where none are given. */
export function placesOf(facts: Facts, datapathIds?: readonly number[]): Place[] {
  const ids = datapathIds ?? facts.datapaths.map(({ id }) => id);
  return ids.flatMap((id) => facts.places.get(id) ?? []);
}

/** Why none of the datapaths is served, in a sentence that says what to do. */
export function whyUnserved(facts: Facts, datapaths: readonly RowOf<'datapath'>[] = facts.datapaths): string {
  const agents = facts.agents.all();
  if (agents.length === 0)
    return `no agent is connected to this manager: start one with: ${shell`vna --manager ${facts.url}`}`;
  const troubled = agents.find(({ problem }) => problem);
  if (datapaths.length === 0) {
    const bridges = unregisteredBridges(facts);
    const [first] = bridges;
    return first
      ? `no datapath is registered: add bridge ${first.bridge.name} with: ${registration(first.agent, first.bridge)}`
      : `no datapath is registered, and the agents see no bridge${troubled ? `: ${problemOf(troubled)}` : ''}`;
  }
  const [datapath] = datapaths as [RowOf<'datapath'>];
  const found = agents.flatMap((agent) =>
    agent.bridges.filter(({ dpid }) => digitsOf(dpid) === datapath.dpid).map((bridge) => ({ agent, bridge })),
  )[0];
  if (found) {
    const { bridge, agent } = found;
    const why = bridge.problem ?? (bridge.connection === null ? 'not connected' : 'its flows are not installed yet');
    return `bridge ${bridge.name} on ${agent.node}, which is ${datapath.uuid}, is not served: ${why}`;
  }
  const nodes = agents.map(({ node }) => node);
  const seen = agents.flatMap(({ bridges }) => bridges.map(({ name, dpid }) => `${name} (${digitsOf(dpid)})`));
  return [
    `${datapath.uuid} has never been seen: no bridge with datapath id ${datapath.dpid} on the hosts of agents `,
    `${some(nodes)}; ${seen.length === 0 ? 'no bridge is seen' : `seen are ${some(seen)}`}`,
    troubled ? `; ${problemOf(troubled)}` : '',
  ].join('');
}

/** Bridges that agents see and nobody has registered. */
export function unregisteredBridges(facts: Facts): { agent: Agent; bridge: BridgeReport }[] {
  const registered = new Set(facts.datapaths.map(({ dpid }) => dpid));
  return facts.agents
    .all()
    .flatMap((agent) => agent.bridges.map((bridge) => ({ agent, bridge })))
    .filter(({ bridge }) => !registered.has(digitsOf(bridge.dpid)));
}

/** The command that registers a bridge. */
export function registration(agent: Agent, { name, dpid }: Pick<BridgeReport, 'name' | 'dpid'>): string {
  const word =
    name
      .toLowerCase()
      .replace(/[^a-z0-9]/g, '')
      .slice(0, 16) || digitsOf(dpid).slice(-8);
  return shell`vnctl datapaths add --uuid ${`dp-${word}`} --display-name ${name} --dpid ${`0x${digitsOf(dpid)}`} --node-id ${agent.node}`;
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
