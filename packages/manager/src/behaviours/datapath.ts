import { digitsOf, placesOf, whyUnserved } from '../status/facts.ts';
import { releasing } from '../status/releases.ts';
import type { Behaviour } from './behaviour.ts';

/** A datapath is in effect where an agent serves it. */
export const datapath: Behaviour<'datapath'> = {
  removed: ({ release }) => (release ? releasing : null),
  findings: (facts, rows) =>
    rows.map((row) => {
      const places = placesOf(facts, [row.id]);
      const nodes = facts.agents
        .all()
        .filter(({ bridges }) => bridges.some(({ dpid }) => digitsOf(dpid) === row.dpid))
        .map(({ node }) => node);
      return {
        places,
        on: places.map(() => ({ datapath_uuid: row.uuid, port_name: null, port_number: null })),
        waits_for: places.length === 0 ? [whyUnserved(facts, [row])] : [],
        notes:
          nodes.length > 1 ? [`datapath id ${row.dpid} is on the hosts of several agents: ${nodes.join(', ')}`] : [],
      };
    }),
};
