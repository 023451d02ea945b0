import { feature } from '../engine/feature.ts';
import { ethernet, type Flow, priority, underReplyMeter } from '../pipeline/flow.ts';

/**
 * Limits the packets of each port that the switch answers by itself, where its datapath has meters. Each passes the switch
 * daemon if the datapath is the kernel's, by a queue of packets that all ports share.
 */
export const replyLimit = feature({
  name: 'reply_limit',
  doc: 'Limits the ARP and echo requests of a port that the switch answers.',
  cookie: 29,
  says: {
    limit: 'up to the rate limit of its port',
  },
  source: { of: 'port', by: 'meter' },
  select: (view, meter) => (view.where('port', 'meter', meter).some(({ metered }) => metered) ? meter : undefined),
  flows: (meter): Flow[] =>
    [ethernet.arp, ethernet.ipv4].map((type) => ({
      table: 'limit',
      priority: priority.normal,
      ...underReplyMeter(meter, type),
    })),
});
