import type { Host } from '@openvnet/model';
import type { Agent } from '../status/agents.ts';
import { awayText, digitsOf, type Facts, startOf } from '../status/facts.ts';
import { useTunnelAddress } from './tunnel-findings.ts';

export function hostsOf(facts: Facts, newest: number): Host[] {
  const registered = new Map(facts.datapaths.map((row) => [row.dpid, row]));
  return facts.agents
    .all()
    .map((agent) => hostOf(facts, agent, { newest, registered }))
    .sort((a, b) => a.node.localeCompare(b.node, 'en', { numeric: true }));
}

function hostOf(
  facts: Facts,
  agent: Agent,
  { newest, registered }: { newest: number; registered: ReadonlyMap<string, Facts['datapaths'][number]> },
): Host {
  const { node, hello, connection, since, revision, problem, underlay } = agent;
  const bridges = agent.bridges.map((bridge) => ({ bridge, row: registered.get(digitsOf(bridge.dpid)) }));
  const problems = [
    ...(problem ? [problem] : []),
    ...problemsOf(agent, facts),
    ...bridges.flatMap(({ bridge }) => (bridge.problem ? `${bridge.name}: ${bridge.problem}` : [])),
  ];
  const away = connection ? [] : [`${awayText(agent)}; its switches go on as they were. Use: ${startOf(facts, node)}`];
  return {
    node,
    hostname: hello.hostname,
    health: connection ? (problems.length > 0 ? 'problem' : 'ok') : 'away',
    version: hello.version,
    since,
    revision,
    behind: revision === null ? null : Math.max(newest - revision, 0),
    tunnel_address: bridges.find(({ row }) => row?.tunnel_address)?.row?.tunnel_address ?? underlay?.address ?? null,
    underlay_mtu: underlay?.mtu ?? null,
    bridges: bridges.map(({ bridge: { name, dpid, ports, flows }, row }) => ({
      bridge: name,
      datapath_uuid: row?.uuid ?? null,
      dpid: `0x${digitsOf(dpid)}`,
      ports,
      flows,
    })),
    interfaces: [...agent.bound.values()].filter((at) => [...at.values()].some((one) => one.port_number !== null))
      .length,
    problems: [...away, ...problems],
  };
}

/** What is wrong with a host as a whole. */
export function problemsOf(agent: Agent, facts: Pick<Facts, 'url'>): string[] {
  const { held, underlay } = agent;
  return [
    ...(held ? [held.reason] : []),
    ...(underlay?.problem ? [`${underlay.problem}. ${useTunnelAddress(facts, agent)}`] : []),
  ];
}
