import { agoTextOf, type RowOf, shell } from '@openvnet/model';
import { describeDatapath } from '../hosts/describe.ts';
import { portsStandingBy } from '../hosts/several-ports.ts';
import { tunnelFindings } from '../hosts/tunnel-findings.ts';
import { isSameHost } from '../status/claims.ts';
import { digitsOf, type Facts, type ServedDatapath, seenAs, servedOf, whyUnserved } from '../status/facts.ts';
import { releasing } from '../status/releases.ts';
import type { Behaviour } from './behaviour.ts';

/** A datapath is in effect where an agent serves it. */
export const datapath: Behaviour<'datapath'> = {
  removed: ({ release }) => (release ? releasing : null),
  findings: async (facts, rows) => {
    const tunnels = await tunnelFindings(facts, rows);
    const standing = await portsStandingBy(facts, rows);
    return rows.map((row, i) => {
      const served = servedOf(facts, [row.id]);
      const seen = seenAs(row, facts.agents);
      const nodes = seen.map(({ agent }) => agent.node);
      return {
        served,
        on: served.map(() => ({ datapath_uuid: row.uuid, port_name: null, port_number: null })),
        waits_for: served.length === 0 ? [whyUnserved(facts, [row])] : tunnels[i]!.waits_for,
        notes: [
          ...severalHosts(facts, row, seen),
          ...otherNode(row, nodes),
          ...served.flatMap(tampering),
          ...tunnels[i]!.notes,
          ...(standing.get(row.id) ?? []),
        ],
      };
    });
  },
  describe: describeDatapath,
};

type Seen = Pick<ServedDatapath, 'agent' | 'bridge'>;

/** Bridges with one datapath id are taken for one switch, so that each has the flows of both. */
function severalHosts(facts: Facts, { uuid, dpid, node_id }: RowOf<'datapath'>, seen: readonly Seen[]): string[] {
  if (seen.length < 2) return [];
  const [first] = seen;
  if (seen.every(({ agent }) => isSameHost(agent, first!.agent))) {
    const agents = seen.map(({ agent }) => `${agent.node} (pid ${agent.hello.pid})`).join(', ');
    const surplus = seen.find((one) => one.agent.node !== node_id) ?? seen[1]!;
    return [
      `${uuid}: several agents of host ${first!.agent.hello.hostname} serve bridge ${first!.bridge.name}: ${agents}. Stop all but one. There, use: ${shell`kill ${surplus.agent.hello.pid}`}`,
    ];
  }
  const where = seen.map(({ agent, bridge }) => `${bridge.name} on ${agent.node}`).join(', ');
  const { agent, bridge } = seen.find((one) => one.agent.node !== node_id) ?? seen[1]!;
  const other = `other-config:datapath-id=${freeDpid(facts, dpid)}`;
  return [
    `${uuid}: several hosts have a bridge with datapath id 0x${dpid}: ${where}. Give that on ${agent.node} another one. On ${agent.node}, use: ${shell`ovs-vsctl set bridge ${bridge.name} ${other}`}`,
  ];
}

/** The next datapath id that neither a bridge nor a registered datapath has. */
function freeDpid({ agents, datapaths }: Facts, dpid: string): string {
  const taken = new Set([
    ...datapaths.map((one) => one.dpid),
    ...agents.all().flatMap(({ bridges }) => bridges.map((one) => digitsOf(one.dpid))),
  ]);
  for (let next = BigInt(`0x${dpid}`) + 1n; ; next++) {
    const digits = BigInt.asUintN(64, next).toString(16).padStart(16, '0');
    if (!taken.has(digits)) return digits;
  }
}

function otherNode({ uuid, node_id }: RowOf<'datapath'>, nodes: readonly string[]): string[] {
  const [node] = nodes;
  return node === undefined || nodes.includes(node_id)
    ? []
    : [
        `${uuid} has node_id ${node_id}, and its bridge is on ${node}. Use: ${shell`vnctl datapaths modify ${uuid} --node-id ${node}`}`,
      ];
}

/** What other programs have changed in the switch. */
function tampering({ bridge: { name, tampered } }: ServedDatapath): string[] {
  if (!tampered) return [];
  const { changes, what, at, use } = tampered;
  const times = changes === 1 ? 'once' : `${changes} times`;
  return [
    `another program has changed ${what.join(', ')} of ${name} ${times}, last ${agoTextOf(at)}; the changes were reverted. Use: ${use}`,
  ];
}
