import { feature } from '../engine/feature.ts';
import type { Taken } from '../engine/says.ts';
import {
  ask,
  ethernet,
  type Flow,
  haveAnswered,
  load,
  move,
  outputBack,
  priority,
  setField,
} from '../pipeline/flow.ts';

const request = 1;
const reply = 2;

/**
 * Neighbours: every address that is on the switch, known to ARP requests and to routed packets alike. Requests are
 * answered in the switch and never flooded; for an address that nobody here has, nobody answers. RFC 826.
 */
export const neighbour = feature({
  name: 'neighbour',
  doc: 'Resolves IP addresses to MAC addresses; answers ARP requests.',
  cookie: 3,
  says: {
    dispatch: ({ before }) => `an ARP request for ${before.arp_tpa}`,
    neighbour: inSentence,
    arp_answer: ({ before }) => `${before.target_ip} answers: it is at ${before.target_mac}`,
    answer: 'turned into a reply to the sender',
  },
  source: { of: 'attachment' },
  select: (view, id) => view.get('attachment', id),
  flows: (address) => [resolves(address)],
  always: [
    {
      table: 'dispatch',
      priority: priority.high,
      match: { eth_type: ethernet.arp, arp_op: request },
      actions: [move('arp_tpa', 'target_ip'), ask('neighbour')],
      next: 'arp_answer',
    },
    {
      table: 'arp_answer',
      priority: priority.normal,
      match: { eth_type: ethernet.arp, arp_op: request, known: 1 },
      ...haveAnswered,
    },
    {
      table: 'answer',
      priority: priority.normal,
      match: { eth_type: ethernet.arp, arp_op: request, known: 1 },
      actions: [
        setField('arp_op', reply),
        move('eth_src', 'eth_dst'),
        move('arp_sha', 'arp_tha'),
        move('arp_spa', 'arp_tpa'),
        move('target_mac', 'eth_src'),
        move('target_mac', 'arp_sha'),
        move('target_ip', 'arp_spa'),
        outputBack,
      ],
    },
  ],
});

export function inSentence({ interface_uuid, before, sets }: Taken): string {
  return `${before.target_ip} is ${interface_uuid} in ${before.domain}, at ${sets.target_mac}`;
}

interface Resolvable {
  readonly domain_id: number;
  readonly ip: number;
  readonly mac: number;
  /** The other host that has it, if one has. */
  readonly peer?: number;
}

/** The flow by which an address is known. */
export function resolves({ domain_id: domain, ip, mac, peer }: Resolvable): Flow {
  return {
    table: 'neighbour',
    priority: priority.normal,
    match: { domain, target_ip: ip },
    actions: [load('target_mac', mac), load('known', 1), ...(peer === undefined ? [] : [load('peer', peer)])],
  };
}
