/** One flow for each match field, action and instruction, and for each way to write them. For tests. */
import type { Flow } from '../flow.ts';
import type { Instruction } from '../instructions.ts';
import type { Match } from '../match.ts';
import { actions } from './actions.ts';
import { matches } from './matches.ts';

const instructions: Record<string, readonly Instruction[]> = {
  none: [],
  'no actions': [
    { type: 'apply_actions', actions: [] },
    { type: 'write_actions', actions: [] },
  ],
  'all, in another order': [
    { type: 'goto_table', table: 4 },
    { type: 'write_metadata', metadata: 5n, mask: 0xffn },
    { type: 'write_actions', actions: [{ type: 'output', port: 2 }] },
    { type: 'clear_actions' },
    { type: 'apply_actions', actions: [{ type: 'output', port: 1 }] },
    { type: 'meter', meter: 1 },
  ],
  'the whole metadata': [{ type: 'write_metadata', metadata: 5 }],
};

/** Every form that this package can write, by description. */
export const flowForms: readonly (readonly [string, Flow])[] = [
  ...Object.entries(matches).map(([name, match]): [string, Flow] => [`matches ${name}`, flow(match, [])]),
  ...Object.entries(actions).map(([name, [match, ...list]]): [string, Flow] => [
    `does ${name}`,
    flow(match, [{ type: 'apply_actions', actions: list }]),
  ]),
  ...Object.entries(instructions).map(([name, list]): [string, Flow] => [`instructs ${name}`, flow({}, list)]),
  ['keeps timeouts, cookie and flags', { ...flow({}, []), idle_timeout: 60, hard_timeout: 70, flags: 1 + 8 + 16 }],
];

function flow(match: Match, list: readonly Instruction[]): Flow {
  return { table: 3, priority: 100, cookie: 0xfedc_ba98_7654_3210n, match, instructions: list };
}
