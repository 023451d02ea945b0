import { agoTextOf, type RowOf, shell } from '@openvnet/model';
import { digitsOf, type ServedDatapath, servedOf, whyUnserved } from '../status/facts.ts';
import { releasing } from '../status/releases.ts';
import type { Behaviour } from './behaviour.ts';

/** A datapath is in effect where an agent serves it. */
export const datapath: Behaviour<'datapath'> = {
  removed: ({ release }) => (release ? releasing : null),
  findings: (facts, rows) =>
    rows.map((row) => {
      const served = servedOf(facts, [row.id]);
      const nodes = facts.agents
        .all()
        .filter(({ bridges }) => bridges.some(({ dpid }) => digitsOf(dpid) === row.dpid))
        .map(({ node }) => node);
      return {
        served,
        on: served.map(() => ({ datapath_uuid: row.uuid, port_name: null, port_number: null })),
        waits_for: served.length === 0 ? [whyUnserved(facts, [row])] : [],
        notes: [...severalHosts(row, nodes), ...otherNode(row, nodes), ...served.flatMap(tampering)],
      };
    }),
};

function severalHosts({ uuid, dpid }: RowOf<'datapath'>, nodes: readonly string[]): string[] {
  return nodes.length > 1
    ? [
        `${uuid}: several hosts have a bridge with datapath id 0x${dpid}: ${nodes.join(', ')}. Give each its own. Use: ovs-vsctl set bridge BRIDGE other-config:datapath-id=DPID`,
      ]
    : [];
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
