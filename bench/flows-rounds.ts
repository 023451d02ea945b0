/**
 * A program of its own for `flows.ts`, so that each size starts cold and with an empty heap. Arguments: the switch's
 * management socket, the number of ports, the number of rounds. Prints one line of JSON.
 */

import { Slice } from '../packages/agent/src/feed/slice.ts';
import { FlowSender } from '../packages/agent/src/switch/flows.ts';
import { ServedSwitch, type ServedSwitchOptions } from '../packages/agent/src/switch/served-switch.ts';
import { Compiler } from '../packages/compiler/src/engine/compiler.ts';
import { portOf } from '../packages/compiler/src/engine/relations.ts';
import { derivations, features } from '../packages/compiler/src/features/index.ts';
import { snapshotForAgent } from '../packages/manager/src/feed/for-agent.ts';
import { dial, type EncodedFlow, type SwitchConnection } from '../packages/openflow/src/index.ts';
import { openStore } from '../packages/store/src/index.ts';
import { dpid, portName, register } from './topology.ts';

export interface FlowRounds {
  readonly flows: number;
  /** Milliseconds, round by round. */
  readonly model: readonly number[];
  readonly encoded: readonly number[];
  readonly compiled: readonly number[];
}

const [socket = '', size = '', wanted = ''] = process.argv.slice(2);
const [ports, rounds] = [Number(size), Number(wanted)];
const silent = () => {};
const log = { info: silent, warn: silent, error: silent } as unknown as ServedSwitchOptions['log'];
const model: number[] = [];
const encoded: number[] = [];
const compiled: number[] = [];

await using store = await openStore('memory');
await register(store, ports);
const snapshot = { type: 'snapshot', store: store.id, ...(await snapshotForAgent(store)) } as const;
await using connection = await dial(`unix:${socket}`);

let flows: EncodedFlow[] = [];
for (let round = 0; round < rounds; round++) {
  await clear(connection);
  model.push(await fromModel(connection));
  if (round === 0) flows = encodedFlows();
  await clear(connection);
  encoded.push(await fromEncoded(connection));
  compiled.push(compileAlone());
}
const found = await connection.flowCount();
if (found !== flows.length) throw new Error(`the switch has ${found} flows, not ${flows.length}`);
console.log(JSON.stringify({ flows: flows.length, model, encoded, compiled } satisfies FlowRounds));

/** From the model in memory until the switch has acknowledged all flows. */
async function fromModel(to: SwitchConnection): Promise<number> {
  const slice = newSlice();
  const acknowledged = Promise.withResolvers<void>();
  const before = performance.now();
  const served: ServedSwitch = new ServedSwitch({
    datapathId: 1,
    dpid,
    model: slice.relations,
    log,
    revision: () => slice.revision,
    onChange: () => {
      if (served.problem) acknowledged.reject(new Error(served.problem));
      else if (served.revision === slice.revision) acknowledged.resolve();
    },
  });
  for (let guest = 0; guest < ports; guest++) {
    served.setPort(portName(guest), { id: guest + 1, name: portName(guest), iface_id: null });
  }
  served.use(to);
  await acknowledged.promise;
  const took = performance.now() - before;
  await served.close();
  return took;
}

/** The switch's own limit: the same flows, ready to be sent. */
async function fromEncoded(to: SwitchConnection): Promise<number> {
  const before = performance.now();
  const sender = new FlowSender(to);
  sender.push({ add: flows, remove: [] });
  await sender.end();
  return performance.now() - before;
}

function compileAlone(): number {
  const { relations } = newSlice();
  const before = performance.now();
  compile(relations);
  return performance.now() - before;
}

function encodedFlows(): EncodedFlow[] {
  const { flows: table } = compile(newSlice().relations);
  return [...table.keys()].map((key) => ({ key, body: table.get(key)! }));
}

function compile(relations: Slice['relations']): Compiler {
  const compiler = new Compiler(1, relations, derivations, features);
  const { port } = compiler.relations;
  for (let guest = 0; guest < ports; guest++)
    port.set(portOf({ id: guest + 1, name: portName(guest), iface_id: null }));
  compiler.update();
  return compiler;
}

function newSlice(): Slice {
  const slice = new Slice();
  slice.apply(snapshot);
  return slice;
}

async function clear(to: SwitchConnection): Promise<void> {
  to.send({ type: 'flow_mod', table: 0xff, command: 'delete', match: {}, instructions: [] });
  await to.barrier();
}
