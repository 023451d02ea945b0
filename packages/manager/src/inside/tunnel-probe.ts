import { setTimeout as sleep } from 'node:timers/promises';
import { type RowOf, shell, type TraceOnward } from '@openvnet/model';
import * as z from 'zod';
import type { Agent, Agents } from '../status/agents.ts';

/** How long a frame may take, until the switch at the other end has counted it, milliseconds. */
const patienceMs = 1500;
const againMs = 100;
const answerMs = 1000;

const counted = z.object({ packets: z.number() });
const carriers = { geneve: 'UDP port 6081', vxlan: 'UDP port 4789', gre: 'IP protocol 47' } as const;

export interface End {
  readonly agent: Agent;
  readonly datapath: RowOf<'datapath'>;
}

/** Sends a frame through a tunnel. Says so if it has not come out at the other end; empty if it has, or nobody can tell. */
export async function probeTunnel(agents: Agents, here: End, there: End, copy: TraceOnward): Promise<string[]> {
  const heard = async (): Promise<number | undefined> => {
    const question = { about: 'heard', datapath_id: there.datapath.id, peer_id: here.datapath.id } as const;
    const [said] = await agents.ask(question, [there.agent], answerMs);
    return counted.safeParse(said?.answer).data?.packets;
  };
  const before = await heard();
  if (before === undefined) return [];
  const probe = { about: 'probe', datapath_id: here.datapath.id, peer_id: there.datapath.id } as const;
  const [sent] = await agents.ask(probe, [here.agent], answerMs);
  if (!counted.safeParse(sent?.answer).success) return [];
  for (const end = Date.now() + patienceMs; Date.now() < end; await sleep(againMs)) {
    const now = await heard();
    if (now === undefined || now !== before) return [];
  }
  const { encapsulation, from, to } = copy;
  const tunnel = `the ${encapsulation} tunnel from ${here.datapath.uuid} (${from}) to ${there.datapath.uuid} (${to})`;
  return [
    `a frame that was sent through ${tunnel} did not arrive: the underlay must let ${carriers[encapsulation]} pass between these addresses. On ${here.agent.node}, use: ${shell`ping -c 3 ${to}`}`,
  ];
}
