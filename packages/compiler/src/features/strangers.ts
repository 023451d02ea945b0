import { feature, learnedCookie } from '../engine/feature.ts';
import { ethernet, type Flow, learnPlace, load, output, priority } from '../pipeline/flow.ts';

const request = 1;
/** Seconds for which the place of a station outside is remembered after it has last sent; as learning bridges have it. */
const age = 300;
/** Stations whose place is remembered for each uplink. */
const mostStations = 4096;

/**
 * Stations that the model does not know: in segments, where addresses are free, and behind uplinks. Questions for their
 * MAC addresses go to everybody, and what is for them leaves by the uplink; where there are several, by the one behind
 * which the station was last heard, or else by all.
 */
export const strangers = feature({
  name: 'strangers',
  doc: 'Sends frames to unknown stations to the uplinks of their domain.',
  cookie: 11,
  says: {
    arp_answer: ({ before }) => `nobody here has ${before.target_ip}: the request is flooded in ${before.domain}`,
    forward: ({ before, sets }) =>
      `nobody here has ${before.eth_dst}: it leaves ${before.domain} ${sets.out_port ? `at port ${sets.out_port}` : 'by an uplink'}`,
    learned: ({ feature, before, actions }) =>
      feature === 'strangers'
        ? `${before.eth_dst} has not been heard yet: ${actions.join(', ')}`
        : `${before.eth_dst} was last heard there: ${actions.join(', ')}`,
    uplink: 'no interface on this switch has its MAC address, which notes where it is',
  },
  source: { of: 'open_domain' },
  select: (view, domain) => ({
    domain,
    uplinks: [...view.where('uplink', 'domain_id', domain)].sort((a, b) => a.port - b.port),
  }),
  flows: ({ domain, uplinks }): Flow[] => {
    const asked = requestsIn(domain);
    const [first, second] = uplinks;
    if (first === undefined) return [asked];
    const unicast = { table: 'forward', priority: priority.low, match: { domain } } as const;
    if (second === undefined) return [asked, { ...unicast, actions: [load('out_port', first.port)], next: 'output' }];
    return [
      asked,
      { ...unicast, next: 'learned' },
      {
        table: 'learned',
        priority: priority.low,
        match: { domain },
        actions: uplinks.map(({ port }) => output(port)),
      },
      ...uplinks.map(
        ({ id, port }): Flow => ({
          table: 'uplink',
          priority: priority.normal,
          match: { domain, in_port: port },
          actions: [learnPlace('learned', learnedCookie(id), { age, most: mostStations })],
          next: 'identity',
        }),
      ),
    ];
  },
});

/** ARP requests for addresses that nobody known has go to everybody in the domain. */
export function requestsIn(domain: number): Flow {
  return {
    table: 'arp_answer',
    priority: priority.low,
    match: { domain, eth_type: ethernet.arp, arp_op: request },
    next: 'forward',
  };
}
