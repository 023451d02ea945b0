import { type Notice, notice, type PacketCounts, packetCounts } from '@openvnet/model/from-agents';
import * as z from 'zod';
import type { Agent, Agents } from './agents.ts';

const refused = z.array(z.object({ interface_id: z.number(), frames: z.number() }));

/** How many frames the sender guard has dropped, by interface, as the agents say within a second. */
export async function refusedFrames(
  agents: Agents,
  asked: readonly Agent[],
  interfaceId?: number,
): Promise<Map<number, number>> {
  const question = { about: 'refused' as const, ...(interfaceId !== undefined && { interface_id: interfaceId }) };
  const frames = new Map<number, number>();
  for (const { answer } of await agents.ask(question, asked, 1000)) {
    for (const one of refused.safeParse(answer).data ?? []) {
      frames.set(one.interface_id, (frames.get(one.interface_id) ?? 0) + one.frames);
    }
  }
  return frames;
}

/** What guests did last in vain, as the agents say within a second. */
export async function noticesOf(agents: Agents, asked: readonly Agent[], interfaceId?: number): Promise<Notice[]> {
  const question = { about: 'notices' as const, ...(interfaceId !== undefined && { interface_id: interfaceId }) };
  const answers = await agents.ask(question, asked, 1000);
  return answers.flatMap(({ answer }) => z.array(notice).safeParse(answer).data ?? []);
}

/** What came of the packets that were handed to each agent, as those say that answer within a second. */
export async function packetsOf(
  agents: Agents,
  asked: readonly Agent[],
): Promise<({ readonly node: string } & PacketCounts)[]> {
  const answers = await agents.ask({ about: 'packets' }, asked, 1000);
  return answers.flatMap(({ agent, answer }) => {
    const { data } = packetCounts.safeParse(answer);
    return data ? [{ node: agent.node, ...data }] : [];
  });
}
