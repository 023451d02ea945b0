/**
 * Runs abstract packets through flows. For each register it tracks whether the value is zero, and whether it was written for that
 * register or for another in the same place. It follows every path that the flows allow, and ignores priorities, which rule some out.
 */
import type { Action } from '@openvnet/openflow';
import type { Flow } from '../pipeline/flow.ts';
import { registerNames, registersIn } from '../pipeline/places.ts';
import type { RegisterName } from '../pipeline/registers.ts';
import { agentReads, reasonOf, type TableName, tableNames } from '../pipeline/tables.ts';
import { registerOf } from './said-flows.ts';

/** A value of a register: zero, not zero, or unknown. Values of `reason` are known exactly. */
type Value = number | 'something' | 'anything';

interface Held {
  readonly value: Value;
  /** The register whose value is in the place instead. */
  readonly spoiled: string | undefined;
}
type State = Readonly<Record<RegisterName, Held>>;

type Step =
  | { readonly reads: RegisterName }
  | { readonly writes: RegisterName; readonly value: Value }
  | { readonly asks: TableName }
  | { readonly tracks: TableName }
  | { readonly hands: number | undefined };

/** The part of a flow that concerns registers. Very many flows have the same. */
interface Shape {
  readonly matches: readonly (readonly [RegisterName, Value])[];
  readonly steps: readonly Step[];
  readonly next: TableName | undefined;
}

export class Lives {
  /** Faults in words, each once. */
  readonly faults = new Set<string>();
  /** Tables that a packet can reach. */
  readonly visited = new Set<TableName>();
  readonly #shapes = new Map<TableName, Map<string, Shape>>(tableNames.map((name) => [name, new Map()]));
  readonly #sharing: ReadonlyMap<RegisterName, readonly RegisterName[]>;
  readonly #gone = new Map<string, readonly State[]>();

  /** `share` says whether two registers have a place in common. */
  constructor(share: (one: RegisterName, other: RegisterName) => boolean) {
    this.#sharing = new Map(
      registerNames.map((one) => [one, registerNames.filter((other) => other !== one && share(one, other))]),
    );
  }

  add(flow: Flow): void {
    const shape = shapeOf(flow);
    this.#shapes.get(flow.table)!.set(JSON.stringify(shape), shape);
  }

  /** Runs a packet with all registers zero through all ways. */
  run(): this {
    const nothing: Held = { value: 0, spoiled: undefined };
    this.#table('admit', Object.fromEntries(registerNames.map((name) => [name, nothing])) as State);
    return this;
  }

  /** The states in which a packet may come back from a table. */
  #table(table: TableName, state: State): readonly State[] {
    const key = `${table} ${registerNames.map((name) => `${state[name].value} ${state[name].spoiled ?? ''}`).join()}`;
    const known = this.#gone.get(key);
    if (known) return known;
    this.visited.add(table);
    const ends = new Map<string, State>();
    for (const { matches, steps, next } of this.#shapes.get(table)!.values()) {
      if (!matches.every(([name, value]) => mayBe(state[name].value, value))) continue;
      for (const [name] of matches) this.#read(table, state, name);
      const matched = { ...state };
      for (const [name, value] of matches) matched[name] = { ...matched[name], value };
      const after = steps.reduce<readonly State[]>(
        (states, step) => states.flatMap((each) => this.#step(table, each, step)),
        [matched],
      );
      for (const each of after)
        for (const end of next ? this.#table(next, entering(next, each)) : [each]) ends.set(JSON.stringify(end), end);
    }
    const all = [...ends.values()];
    this.#gone.set(key, all);
    return all;
  }

  #step(table: TableName, state: State, step: Step): readonly State[] {
    if ('reads' in step) this.#read(table, state, step.reads);
    else if ('writes' in step) return [this.#write(table, state, step.writes, step.value)];
    else if ('asks' in step) return this.#table(step.asks, state);
    else if ('tracks' in step) this.#table(step.tracks, entering(step.tracks, state));
    else {
      const reason = reasonOf(Number(step.hands ?? state.reason.value));
      if (!reason) this.faults.add(`${table} hands over without a reason`);
      for (const name of reason ? agentReads[reason] : []) this.#read(table, state, name);
    }
    return [state];
  }

  #read(table: TableName, state: State, name: RegisterName): void {
    if (!registersIn(table).includes(name)) this.faults.add(`${table} reads ${name}, which does not live there`);
    const { spoiled } = state[name];
    if (spoiled) this.faults.add(`${table} reads ${name}, where ${spoiled} lies`);
  }

  #write(table: TableName, state: State, name: RegisterName, value: Value): State {
    if (!registersIn(table).includes(name)) this.faults.add(`${table} writes ${name}, which does not live there`);
    const others = this.#sharing.get(name)!.map((other) => [other, { value: 'anything', spoiled: name }] as const);
    return { ...state, ...Object.fromEntries(others), [name]: { value, spoiled: undefined } };
  }
}

/** A register loses its value when the packet enters a table in which it is not in use. */
function entering(table: TableName, state: State): State {
  const living = registersIn(table);
  return Object.fromEntries(
    registerNames.map((name) => {
      const held = state[name];
      const over = !living.includes(name) && held.value !== 0 && !held.spoiled;
      return [name, over ? { value: 'anything', spoiled: `what it held before ${table}` } : held];
    }),
  ) as State;
}

function mayBe(held: Value, wanted: Value): boolean {
  if (held === 'anything') return true;
  if (held === 'something') return wanted !== 0;
  return wanted === held || (wanted === 'something' && held !== 0);
}

function abstractOf(name: RegisterName, given: unknown): Value {
  if (typeof given === 'object') return 'anything';
  const value = Number(given);
  return value === 0 || name === 'reason' ? value : 'something';
}

function shapeOf({ match, actions = [], next }: Flow): Shape {
  const matches = registerNames.flatMap((name) => {
    const wanted = (match as Partial<Record<RegisterName, unknown>>)[name];
    return wanted === undefined ? [] : [[name, abstractOf(name, wanted)] as const];
  });
  return { matches, steps: actions.flatMap(stepsOf), next };
}

function stepsOf(action: Action): Step[] {
  const reads = (place: Parameters<typeof registerOf>[0]): Step[] => {
    const name = registerOf(place);
    return name ? [{ reads: name }] : [];
  };
  const writes = (place: Parameters<typeof registerOf>[0], given?: unknown): Step[] => {
    const name = registerOf(place);
    return name ? [{ writes: name, value: given === undefined ? 'anything' : abstractOf(name, given) }] : [];
  };
  switch (action.type) {
    case 'load':
      return writes(action.to, action.value);
    case 'move':
      return [...reads(action.from), ...writes(action.to)];
    case 'check_pkt_larger':
      return writes(action.to);
    case 'output_reg':
      return reads(action.from);
    case 'learn_up_to':
      return action.parts.flatMap(({ from }) => (typeof from === 'object' && 'field' in from ? reads(from) : []));
    case 'resubmit':
      return [{ asks: tableNames[action.table!]! }];
    case 'ct':
      return [
        ...(typeof action.zone === 'object' ? reads(action.zone) : []),
        ...(action.table === undefined ? [] : [{ tracks: tableNames[action.table]! }]),
      ];
    case 'controller':
      return [{ hands: action.userdata?.[0] }];
    default:
      return [];
  }
}
