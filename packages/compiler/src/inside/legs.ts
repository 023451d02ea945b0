/** Packets that are sent through the flows that should be in one switch, each with what decided its way and where it ended. */
import type { TraceCause, TraceLeg } from '@openvnet/model';
import { decodeFlow, type Flow } from '@openvnet/openflow';
import { readCookie } from '../engine/feature.ts';
import { type Outcome, type Packet, type Program, program, simulate } from '../simulate/simulate.ts';
import type { Verdict } from './causes.ts';
import { datapathName, decidedBy, type Inspected } from './flows.ts';
import { actionsByName, matchByName, nextOf, stateByName } from './names.ts';
import { flowText } from './packets.ts';
import { said } from './words.ts';

/** Flows that are read before others get their turn. */
const portion = 2000;

/** Asks the switch itself what it would do with a packet; gives its words, or why it cannot be asked. */
export type AskSwitch = (dpid: string, packet: string) => Promise<string>;

export interface Leg {
  readonly leg: TraceLeg;
  readonly verdict: Verdict;
  /** Cookie of the flow that took the packet in. */
  readonly admitted: bigint | undefined;
}

export class Legs {
  readonly vswitch: Inspected;
  readonly #program: Program;
  /** Undefined where the switch is not to be asked. */
  readonly #askSwitch: AskSwitch | undefined;

  private constructor(vswitch: Inspected, flows: Program, askSwitch: AskSwitch | undefined) {
    this.vswitch = vswitch;
    this.#program = flows;
    this.#askSwitch = askSwitch;
  }

  static async through(vswitch: Inspected, askSwitch: AskSwitch | undefined): Promise<Legs> {
    return new Legs(vswitch, await programOf(vswitch), askSwitch);
  }

  /** What becomes of a packet, as `judge` says of how it went. */
  async run(title: string, packet: Packet, judge: (outcome: Outcome) => Verdict): Promise<Leg> {
    const { compiler, dpid } = this.vswitch;
    const { relations } = compiler;
    let steps: TraceLeg['steps'] = [];
    let verdict: Verdict;
    let admitted: bigint | undefined;
    try {
      const outcome = simulate(this.#program, packet);
      let decided: ReturnType<typeof decidedBy> | undefined;
      steps = outcome.trace.map((step) => {
        const { table, priority, flow } = step;
        const [match, actions] = [matchByName(relations, flow), actionsByName(relations, flow)];
        const found = decidedBy(relations, flow);
        // What several objects share is here of the one that led to it.
        const shared = found.object_uuid === null && readCookie(flow.cookie).item > 0;
        decided = shared && decided ? { ...decided, feature: found.feature } : found;
        const taken = { priority, match, actions, next: nextOf(flow), ...decided };
        const { feature, object_uuid, interface_uuid } = taken;
        const says = said(table, { ...taken, before: stateByName(relations, step) });
        return { table, feature, object_uuid, interface_uuid, says, match, actions };
      });
      admitted = outcome.trace[0]?.cookie;
      verdict = judge(outcome);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      verdict = {
        arrived: false,
        text: `this cannot be said without the switch: ${error.message}; try --live`,
        blocked_by: null,
      };
    }
    const live = (await this.#askSwitch?.(dpid, flowText(packet))) ?? null;
    const last = steps.at(-1);
    if (verdict.text === `dropped in table ${last?.table}`)
      verdict = { ...verdict, text: `${verdict.text}: ${last?.says}` };
    const { arrived, text, blocked_by, cause = null } = verdict;
    const { size: _, ...header } = packet;
    const shown = matchByName(relations, { table: 0, match: header as Flow['match'] });
    const leg = { title, ...this.#place, packet: shown, steps, arrived, verdict: text, blocked_by, cause, live };
    return { leg, verdict, admitted };
  }

  /** A packet that its sender does not even send. */
  none(title: string, verdict: string, cause: TraceCause): TraceLeg {
    const nothing = { packet: {}, steps: [], arrived: false, blocked_by: null, live: null };
    return { title, ...this.#place, ...nothing, verdict, cause };
  }

  get #place(): Pick<TraceLeg, 'datapath_uuid' | 'node'> {
    return { datapath_uuid: datapathName(this.vswitch), node: null };
  }
}

/** The flows that should be in the switch, ready to run; read in portions, so that the agent goes on meanwhile. */
async function programOf({ compiler: { flows } }: Inspected): Promise<Program> {
  const read: Flow[] = [];
  for (const key of [...flows.keys()]) {
    const body = flows.get(key);
    if (body !== undefined) read.push(decodeFlow({ key, body }));
    if (read.length % portion === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return program(read);
}
