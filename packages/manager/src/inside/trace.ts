import {
  ApiError,
  boolean,
  integer,
  ipv4ToText,
  oneOf,
  parseIpv4,
  type RowOf,
  type TraceAnswer,
  type TraceQuestion,
  text,
  traceProtocols,
} from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import type { Endpoint, Parameter } from '../api/endpoint.ts';
import { addCommand, objectInPath, readParameters } from '../api/parameters.ts';
import { firstLeaseOf } from '../behaviours/ip-lease.ts';
import { mapInOrder } from '../in-order.ts';
import { adviceFor } from './advice/advice.ts';
import { whySilent } from './flows.ts';
import { Follower } from './follower.ts';
import type { Inside } from './inside.ts';
import { objectNamed } from './object-named.ts';

const parameters: readonly Parameter[] = [
  { name: 'from', field: text({ doc: 'The sending interface, by uuid.' }), required: true },
  {
    name: 'to',
    field: text({ doc: 'The destination: an IPv4 address, or the uuid of an interface, for its first address.' }),
    required: true,
  },
  {
    name: 'protocol',
    field: oneOf(traceProtocols, { default: 'icmp', doc: 'Protocol of the packet; icmp is an echo request.' }),
    required: false,
  },
  {
    name: 'port',
    field: integer({ min: 1, max: 65_535, default: 80, doc: 'Destination port of tcp and udp.' }),
    required: false,
  },
  {
    name: 'size',
    field: integer({ min: 28, max: 65_535, unit: 'bytes', default: 84, doc: 'Size of the IP packet.' }),
    required: false,
  },
  {
    name: 'dont_fragment',
    field: boolean({ default: false, doc: "Whether to set don't-fragment." }),
    required: false,
  },
  { name: 'both', field: boolean({ default: true, doc: 'Whether to trace the reply too.' }), required: false },
  {
    name: 'live',
    field: boolean({ default: false, doc: 'Whether to trace the packet in the switch as well.' }),
    required: false,
  },
];

/** `GET /trace`: the way of a packet, as the agents of the hosts on it say. */
export function traceEndpoint(inside: Inside): Endpoint {
  return {
    method: 'GET',
    path: '/trace',
    doc: 'Traces a packet from an interface to an address, with the object that decides each step.',
    group: 'inside',
    parameters,
    answer: { shape: 'object' },
    handle: async ({ given, signal }) => {
      const read = readParameters(parameters, given);
      const sender = await objectInPath(inside.store, 'interface', String(read.from), 'from');
      const {
        protocol = 'icmp',
        port = 80,
        size = 84,
        dont_fragment = false,
        both = true,
        live = false,
      } = read as Partial<TraceQuestion>;
      const to = await addressOf(inside.store, String(read.to));
      const packet = { interface_id: sender.id, to, protocol, port, size, dont_fragment };
      return await askForTrace(inside, sender, { about: 'trace', ...packet, both, live }, signal);
    },
  };
}

async function askForTrace(
  inside: Inside,
  sender: RowOf<'interface'>,
  question: TraceQuestion,
  signal: AbortSignal,
): Promise<TraceAnswer> {
  const { store, agents, reports } = inside;
  const { ended, silent } = await new Follower(inside, question, signal).follow();
  if (!ended) {
    const { waits_for, notes } = await reports.statusOf('interface', sender);
    const why = waits_for.length > 0 ? waits_for : silent.map(whySilent);
    const nowhere = { datapath_uuid: null, delivered: false, legs: [], against: [] };
    if (agents.boundTo(sender.id).length > 0) {
      const verdict = [`no host answers for ${sender.uuid}`, ...why].join(': ');
      return { ...nowhere, untraced: true, verdict, notes };
    }
    const verdict = `${sender.uuid} is on no switch, so none of its packets is forwarded`;
    return { ...nowhere, verdict: [verdict, ...why].join(': '), notes: [] };
  }
  const { receiver: _, ...found } = ended;
  const blocked = [...new Set(found.legs.flatMap(({ blocked_by }) => blocked_by ?? []))];
  const notes = await Promise.all(
    await mapInOrder(blocked, async (uuid) => {
      const { kind, row } = await objectNamed(store, uuid);
      return (await reports.statusOf(kind, row)).waits_for.map((reason) => `${uuid}: ${reason}`);
    }),
  );
  const causes = found.legs.flatMap(({ cause }) => cause ?? []);
  const advice = await store.read(async (reader) =>
    (await mapInOrder(causes, (cause) => adviceFor(reader, cause))).flat(),
  );
  return { ...found, notes: [...new Set([...advice, ...found.notes, ...notes.flat()])] };
}

async function addressOf(reader: Reader, to: string): Promise<number> {
  const address = parseIpv4(to);
  if (address !== undefined) return address;
  if (!to.startsWith('if-'))
    throw new ApiError('argument', `Could not parse IPv4 address: ${to}`, {
      hint: 'to: expected an address, or a uuid beginning with if-',
    });
  const lease = await firstLeaseOf(reader, (await objectInPath(reader, 'interface', to, 'to')).id);
  if (lease && ipv4ToText(lease.ipv4_address) !== '0.0.0.0') return lease.ipv4_address;
  throw new ApiError('argument', `to: interface ${to} has no address`, {
    hint: `Use: ${addCommand('ip_lease', `--interface-uuid ${to} --network-uuid NETWORK --ipv4-address ADDRESS`)}`,
  });
}
