/**
 * A program of its own for `compile.ts`, so that each topology starts cold and with an empty heap. Arguments: the number of
 * ports, the number of rounds, what is in use besides, as JSON. Prints one line of JSON.
 */

import { Slice } from '../packages/agent/src/feed/slice.ts';
import { Compiler } from '../packages/compiler/src/engine/compiler.ts';
import { portOf } from '../packages/compiler/src/engine/relations.ts';
import { derivations, features } from '../packages/compiler/src/features/index.ts';
import { snapshotForAgent } from '../packages/manager/src/feed/for-agent.ts';
import { openStore } from '../packages/store/src/index.ts';
import { type Extras, portName, register } from './topology.ts';

export interface CompileRounds {
  readonly flows: number;
  readonly items: number;
  /** Milliseconds, round by round. */
  readonly took: readonly number[];
  /** Of the heap, MB: the rows of the model, and all that is computed from them. */
  readonly rowsMB: number;
  readonly computedMB: number;
  /** How many flows each feature has. */
  readonly byFeature: Readonly<Record<string, number>>;
}

const [size = '', wanted = '', extras = '{}'] = process.argv.slice(2);
const [ports, rounds] = [Number(size), Number(wanted)];
const snapshot = await snapshotText();
const took: number[] = [];
const start = heapMB();
let model = newSlice();
const rows = heapMB();
let compiler = compile();
const computed = heapMB();
for (let round = 1; round < rounds; round++) {
  compiler.close();
  model = newSlice();
  compiler = compile();
}
const names = new Map(features.map(({ cookie, name }) => [cookie, name]));
const byFeature: Record<string, number> = {};
for (const key of compiler.flows.keys()) {
  // A body begins with the cookie, whose first byte is the feature's.
  const name = names.get(compiler.flows.get(key)!.charCodeAt(0)) ?? 'misses';
  byFeature[name] = (byFeature[name] ?? 0) + 1;
}
const memory = { rowsMB: rows - start, computedMB: computed - rows };
const { size: flows } = compiler.flows;
console.log(JSON.stringify({ flows, items: compiler.computed, took, byFeature, ...memory } satisfies CompileRounds));

/** As text, of which nothing stays in the heap: the rows are parsed as those that come from the manager are. */
async function snapshotText(): Promise<Buffer> {
  await using store = await openStore('memory');
  await register(store, ports, JSON.parse(extras) as Extras);
  return Buffer.from(JSON.stringify({ type: 'snapshot', store: store.id, ...(await snapshotForAgent(store)) }));
}

function newSlice(): Slice {
  const slice = new Slice();
  slice.apply(JSON.parse(String(snapshot)));
  return slice;
}

function compile(): Compiler {
  const before = performance.now();
  const made = new Compiler(1, model.relations, derivations, features);
  const { port } = made.relations;
  for (let guest = 0; guest < ports; guest++)
    port.set(portOf({ id: guest + 1, name: portName(guest), iface_id: null }));
  made.update();
  made.flows.takeTouched();
  took.push(performance.now() - before);
  return made;
}

function heapMB(): number {
  // What the first one finds may let go of more.
  for (let i = 0; i < 3; i++) globalThis.gc!();
  return process.memoryUsage().heapUsed / 1e6;
}
