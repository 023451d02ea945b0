import { ApiError, type FlowsAnswer, type FlowsQuestion, text } from '@openvnet/model';
import * as z from 'zod';
import type { Endpoint, Parameter } from '../api/endpoint.ts';
import { objectInPath, readParameters } from '../api/parameters.ts';
import type { Agent, Agents } from '../status/agents.ts';
import { awayText } from '../status/facts.ts';
import type { Inside } from './inside.ts';
import { objectNamed } from './object-named.ts';

/** How long agents may take to read their switches. */
const patienceMs = 15_000;

const words = z.record(z.string(), z.string());
const shownFlow = z.object({
  datapath_uuid: z.string(),
  table: z.string(),
  priority: z.number(),
  match: words,
  actions: z.array(z.string()),
  next: z.string().nullable(),
  feature: z.string(),
  object_uuid: z.string().nullable(),
  interface_uuid: z.string().nullable(),
  packets: z.number(),
  bytes: z.number(),
  age_seconds: z.number(),
});
const flowsAnswer = z.object({ flows: z.array(shownFlow), features: words, notes: z.array(z.string()) });

const parameters: readonly Parameter[] = [
  {
    name: 'object',
    field: text({ optional: true, doc: 'Only flows of this object, by uuid.' }),
    required: false,
  },
  { name: 'table', field: text({ optional: true, doc: 'Only flows of this table, by name.' }), required: false },
  { name: 'datapath', field: text({ optional: true, doc: 'Only flows of this datapath, by uuid.' }), required: false },
  {
    name: 'host',
    field: text({ optional: true, doc: 'Only flows of this host, by the node of its agent.' }),
    required: false,
  },
];

/** `GET /flows`: what the switches hold, read back, by names. */
export function flowsEndpoint({ store, agents }: Inside): Endpoint {
  return {
    method: 'GET',
    path: '/flows',
    doc: 'Shows the flows in the switches, with names of tables, registers and objects, and counters.',
    group: 'inside',
    parameters,
    answer: { shape: 'object' },
    handle: async ({ given, signal }) => {
      const { object, table, datapath, host } = readParameters(parameters, given) as Record<string, string | undefined>;
      const named = object === undefined ? undefined : await objectNamed(store, object);
      const question = {
        about: 'flows' as const,
        ...(named && { object: { kind: named.kind, id: named.row.id } }),
        ...(table !== undefined && { table }),
        ...(datapath !== undefined && { datapath_id: (await objectInPath(store, 'datapath', datapath)).id }),
      };
      return askForFlows(agents, question, signal, host === undefined ? undefined : [agentNamed(agents, host)]);
    },
  };
}

/** What all agents answer, as one, with a note for each that did not. */
export async function askForFlows(
  agents: Agents,
  question: FlowsQuestion,
  signal: AbortSignal,
  all: readonly Agent[] = agents.all().filter(({ held }) => !held),
): Promise<FlowsAnswer> {
  const answers = await agents.askInTurn(question, { agents: all, limitMs: patienceMs, signal });
  const read = answers.map(({ agent, answer }) => ({ agent, said: flowsAnswer.safeParse(answer).data }));
  const silent = all.filter((agent) => !read.some((one) => one.agent === agent && one.said));
  return {
    flows: read.flatMap(({ said }) => said?.flows ?? []),
    features: Object.assign({}, ...read.map(({ said }) => said?.features)),
    notes: [
      ...(all.length === 0 ? ['no agent is connected to this manager, so no switch can be read'] : []),
      ...silent.map(whySilent),
      ...read.flatMap(({ agent, said }) => said?.notes.map((note) => `${agent.node}: ${note}`) ?? []),
    ],
  };
}

function agentNamed(agents: Agents, node: string): Agent {
  const all = agents.all().filter(({ held }) => !held);
  const found = all.find((agent) => agent.node === node);
  if (found) return found;
  const known = all.map((agent) => agent.node).slice(0, 10);
  throw new ApiError('argument', `host: no agent has the node ${JSON.stringify(node)}`, {
    hint:
      known.length > 0 ? `There are ${known.join(', ')}. Use: vnctl hosts` : 'No agent is connected. Use: vnctl status',
  });
}

/** Why an agent has not answered. */
export function whySilent({ node, connection, since }: Agent): string {
  return connection ? `agent ${node} did not answer` : awayText({ node, since });
}
