import { decodeFlow, type EncodedFlow, type Flow } from '@openvnet/openflow';
import { DecodeError } from '@openvnet/wire';
import { priority } from '../pipeline/flow.ts';
import { places } from '../pipeline/places.ts';
import { portFromWire } from '../pipeline/ports.ts';
import { type RegisterName, registers } from '../pipeline/registers.ts';
import { tableNumbers, tables } from '../pipeline/tables.ts';
import { learnedMark, readCookie } from './feature.ts';
import type { Relations } from './relations.ts';

/** The fields that a learned flow matches: those of its table. */
const matched = tables.learned.match
  .map((name) => (name in registers ? places[name as RegisterName].field : name))
  .sort()
  .join();

/**
 * Whether a flow is what a switch makes of `learnPlace`: in its table, with its match, and out at the port of the uplink
 * that its cookie names. The cookie alone says nothing: another program can use it too.
 */
export function wasLearned(flow: EncodedFlow, { uplink }: Pick<Relations, 'uplink'>): boolean {
  if (flow.key.charCodeAt(0) !== tableNumbers.learned || flow.body.charCodeAt(0) !== learnedMark) return false;
  const read = decoded(flow);
  if (!read) return false;
  const [instruction, ...others] = read.instructions;
  const actions = instruction?.type === 'apply_actions' ? instruction.actions : [];
  const [action] = actions;
  return (
    read.priority === priority.normal &&
    Object.keys(read.match).sort().join() === matched &&
    typeof read.match.eth_dst !== 'object' &&
    (read.hard_timeout ?? 0) > 0 &&
    read.idle_timeout === undefined &&
    others.length === 0 &&
    actions.length === 1 &&
    action?.type === 'output' &&
    portFromWire(action.port) === uplink.get(readCookie(read.cookie).item)?.port
  );
}

/** The flow as an object; undefined if another program has put in something that nobody here would. */
function decoded(flow: EncodedFlow): Flow | undefined {
  try {
    return decodeFlow(flow);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
