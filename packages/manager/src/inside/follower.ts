import {
  type HostTrace,
  type Question,
  type TraceAnswer,
  type TraceOnward,
  type TraceQuestion,
  withReply,
} from '@openvnet/model';
import type { Agent } from '../status/agents.ts';
import { seenAs, startOf } from '../status/facts.ts';
import { whySilent } from './flows.ts';
import { hostTrace } from './host-trace.ts';
import type { Inside } from './inside.ts';
import { type End, probeTunnel } from './tunnel-probe.ts';

const patienceMs = 15_000;
/** Nothing that comes out of a tunnel goes into one; this ends what does all the same. */
const mostHops = 4;
/** Of a packet for everybody that many copies are followed. */
const mostCopies = 8;

/** Where a packet has ended. */
export interface Ended extends TraceAnswer {
  readonly receiver: HostTrace['receiver'];
}

/** Follows a packet from host to host, as the agents there say, and its reply. */
export class Follower {
  readonly #inside: Inside;
  readonly #question: TraceQuestion;
  readonly #signal: AbortSignal;

  constructor(inside: Inside, question: TraceQuestion, signal: AbortSignal) {
    this.#inside = inside;
    this.#question = question;
    this.#signal = signal;
  }

  /** `ended` is undefined where the sender is on no switch of the agents that answer; `silent` do not answer. */
  async follow(): Promise<{ ended: Ended | undefined; silent: readonly Agent[] }> {
    const { answer, silent } = await this.#askSender(this.#question);
    if (!answer) return { ended: undefined, silent };
    const there = await this.#goOn(answer, 1);
    const { receiver, delivered } = there;
    if (!this.#question.both || !delivered || !receiver || answer.onward.length === 0) return { ended: there, silent };
    return { ended: await this.#withReply(there, receiver), silent };
  }

  async #withReply(there: Ended, { interface_id, ip, sender }: NonNullable<Ended['receiver']>): Promise<Ended> {
    const question = { ...this.#question, interface_id, sender: ip, to: sender, reply: true } as const;
    const { answer } = await this.#askSender(question);
    if (!answer) return { ...there, notes: [...there.notes, 'its reply cannot be traced: no host answers for it'] };
    const back = await this.#goOn(answer, 1);
    return {
      ...back,
      datapath_uuid: back.delivered ? there.datapath_uuid : back.datapath_uuid,
      verdict: withReply(there.verdict, { arrived: back.delivered, text: back.verdict }),
      legs: [...there.legs, ...back.legs],
      against: [...there.against, ...back.against],
      notes: [...there.notes, ...back.notes],
    };
  }

  /** The hosts that have the sender are asked; all of them where none is known to have it. */
  async #askSender(question: TraceQuestion): Promise<{ answer: HostTrace | undefined; silent: readonly Agent[] }> {
    const { agents } = this.#inside;
    const bound = agents.boundTo(question.interface_id).map(({ agent }) => agent);
    const asked = (bound.length > 0 ? [...new Set(bound)] : agents.all()).filter(({ held }) => !held);
    const { answers, silent } = await this.#ask(question, asked);
    return { answer: answers[0], silent };
  }

  /** What becomes of a packet after an agent has said what becomes of it on its host. */
  async #goOn(here: HostTrace, hops: number): Promise<Ended> {
    const { onward, leaves, ...ended } = here;
    if (onward.length === 0) return ended;
    const followed = hops < mostHops ? onward.slice(0, mostCopies) : [];
    const there = await Promise.all(followed.map((copy) => this.#arrive(here, copy, hops)));
    const more = onward.length - followed.length;
    return joined(
      ended,
      leaves,
      there,
      more > 0 ? [`${more} more copies leave for other hosts, and are not followed`] : [],
    );
  }

  async #arrive(here: HostTrace, copy: TraceOnward, hops: number): Promise<Ended> {
    const { store, agents, reports } = this.#inside;
    const datapath = await store.get('datapath', copy.datapath_id);
    const nowhere = { delivered: false, untraced: true, legs: [], against: [], notes: [], receiver: null } as const;
    const untraced = (verdict: string): Ended => ({ datapath_uuid: datapath?.uuid ?? null, ...nowhere, verdict });
    if (!datapath) return untraced('it is sent to a datapath that is not registered any more');
    const [{ agent } = {}] = seenAs(datapath, agents);
    const start = startOf(reports, agent?.node ?? datapath.node_id);
    if (!agent) return untraced(`it is sent to ${datapath.uuid} at ${copy.to}, which no agent serves. Use: ${start}`);
    const away = 'and its switch goes on as it was';
    if (!agent.connection)
      return untraced(`it is sent to ${datapath.uuid} at ${copy.to}; ${whySilent(agent)}, ${away}. Use: ${start}`);
    const { about, live } = { about: 'arrival' as const, live: this.#question.live };
    const { answers } = await this.#ask({ about, ...copy, live }, [agent]);
    const [answer] = answers;
    if (!answer) return untraced(`it is sent to ${datapath.uuid} at ${copy.to}; ${whySilent(agent)}`);
    const ended = await this.#goOn(answer, hops + 1);
    const { underlay } = agent;
    const foreign = underlay !== undefined && !underlay.addresses.includes(copy.to);
    return contradicted(ended, [
      ...(foreign ? [`no device of ${agent.node} has ${copy.to}, to which others send for ${datapath.uuid}`] : []),
      ...(live ? await this.#probe(here, { agent, datapath }, copy) : []),
    ]);
  }

  /** That the underlay does not carry a frame, by sending one. */
  async #probe({ datapath_uuid }: HostTrace, there: End, copy: TraceOnward): Promise<string[]> {
    const { store, agents } = this.#inside;
    const [datapath] = datapath_uuid === null ? [] : await store.find('datapath', { uuid: datapath_uuid });
    const [{ agent } = {}] = datapath ? seenAs(datapath, agents) : [];
    return datapath && agent ? await probeTunnel(agents, { agent, datapath }, there, copy) : [];
  }

  async #ask(
    question: Extract<Question, { about: 'trace' | 'arrival' }>,
    asked: readonly Agent[],
  ): Promise<{ answers: HostTrace[]; silent: readonly Agent[] }> {
    const { agents } = this.#inside;
    const said = question.live
      ? await agents.askInTurn(question, { agents: asked, limitMs: patienceMs, signal: this.#signal })
      : await agents.ask(question, asked, patienceMs);
    const answers = said.flatMap(({ agent, answer }) => {
      const read = hostTrace.safeParse(answer).data;
      if (!read) return [];
      return { ...read, legs: read.legs.map((leg) => ({ ...leg, node: agent.node })) };
    });
    return { answers, silent: asked.filter((agent) => !said.some((one) => one.agent === agent)) };
  }
}

/** One end of all the ways of a packet: those that arrive count, where there are any. */
function joined(
  here: Omit<Ended, 'untraced'>,
  leaves: boolean,
  there: readonly Ended[],
  notes: readonly string[],
): Ended {
  const arrived = there.filter(({ delivered }) => delivered);
  const elsewhere = arrived.length > 0 ? arrived : leaves ? there : [];
  const ends: readonly Ended[] = elsewhere.length > 0 && !here.delivered ? elsewhere : [here, ...elsewhere];
  // An ARP request that nobody answers has gone everywhere: where it has ended says nothing.
  const told = leaves || here.delivered ? there : elsewhere;
  const [first] = ends as [Ended];
  const texts = ends.map(({ verdict, datapath_uuid }) => `${verdict}${ends.length > 1 ? ` (${datapath_uuid})` : ''}`);
  const receiver = ends.find((end) => end.receiver)?.receiver ?? null;
  const end: Ended = {
    datapath_uuid: first.datapath_uuid,
    delivered: ends.some(({ delivered }) => delivered),
    ...(ends.every(({ untraced }) => untraced) && { untraced: true }),
    verdict: texts.join('; '),
    legs: [...here.legs, ...told.flatMap(({ legs }) => legs)],
    against: told.flatMap(({ against }) => against),
    notes: [...here.notes, ...told.flatMap((one) => one.notes), ...notes],
    receiver,
  };
  return contradicted(end, here.against);
}

/** A packet that would arrive, if it were not for what is known beside the flows. */
function contradicted(end: Ended, against: readonly string[]): Ended {
  const verdict = end.delivered && against.length > 0;
  return {
    ...end,
    against: [...against, ...end.against],
    ...(verdict && { delivered: false, verdict: `${against[0]}; by its flows alone it would be ${end.verdict}` }),
  };
}
