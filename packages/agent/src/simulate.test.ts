import { PrivateSwitch } from '@openvnet/lab';
import { decodeFlow, dial, type SwitchConnection } from '@openvnet/openflow';
import fc from 'fast-check';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServedSwitch } from './served-switch.ts';
import { type Outcome, type Packet, program, simulate } from './simulate.ts';
import { compare, readFlows } from './switch-flows.ts';
import { datapathId, TestModel } from './testing.ts';
import { guestPorts, packetOf, packets, strangerPort, type Topology, topology } from './testing-random.ts';
import { ControlSocket, type Traced, Tracer } from './testing-trace.ts';

const stack = new AsyncDisposableStack();
let connection: SwitchConnection;
let tracer: Tracer;

beforeAll(async () => {
  const vswitch = stack.use(await PrivateSwitch.start({ dummy: true }));
  await vswitch.addBridge({ name: 'br0' });
  const numbers = [...guestPorts, strangerPort];
  await vswitch.addPorts('br0', Object.fromEntries(numbers.map((n) => [`if-${n}`, { ofportRequest: n }])));
  connection = stack.use(await dial(`unix:${vswitch.managementSocket('br0')}`));
  const control = new ControlSocket(`${vswitch.runDirectory}/ovs-vswitchd.${vswitch.pid()}.ctl`);
  tracer = await Tracer.of(stack.use(control), 'br0');
}, 20_000);

afterAll(() => stack.disposeAsync());

/** Installs the flows of a topology as the agent does. */
async function served({ rows }: Topology): Promise<ServedSwitch> {
  const model = new TestModel();
  for (const row of rows) model.put(...row);
  const settled = Promise.withResolvers<void>();
  const vswitch: ServedSwitch = new ServedSwitch({
    datapathId,
    dpid: 'br0',
    model: model.relations,
    log: pino({ level: 'silent' }),
    revision: () => 1,
    onChange: () => {
      if (vswitch.problem) settled.reject(new Error(vswitch.problem));
      else if (vswitch.revision === 1) settled.resolve();
    },
  });
  for (const id of [...guestPorts, strangerPort]) vswitch.setPort(`if-${id}`, { id, name: `if-${id}`, iface_id: null });
  vswitch.use(connection);
  await settled.promise;
  return vswitch;
}

/** An outcome to compare: where the packet came in is no part of it any more. */
function plain({ sent, toAgent, trace }: Traced): object {
  const fields = ({ in_port: _, ...packet }: Packet): object =>
    Object.fromEntries(Object.entries(packet).map(([name, value]) => [name, Number(value)]));
  return {
    sent: sent.map(({ port, packet }) => ({ port, packet: fields(packet) })),
    toAgent: toAgent.map(({ reason, packet }) => ({ reason, packet: fields(packet) })),
    trace: trace.map(({ table, priority, cookie }) => ({ table, priority, cookie })),
  };
}

/** What became of a packet, in a word. */
function fate({ sent, toAgent, trace }: Outcome, { in_port }: Packet): string {
  const through = trace.at(-1)?.table;
  if (toAgent.length > 0) return `agent ${toAgent[0]!.reason}`;
  if (sent.length === 0) return `dropped in ${through}`;
  return sent.length === 1 && sent[0]!.port === in_port ? `answered by ${through}` : `sent by ${through}`;
}

describe('the simulated switch', () => {
  it('does with every packet what Open vSwitch does, which takes every flow and gives it back as it was', async () => {
    const fates = new Set<string>();
    await fc.assert(
      fc.asyncProperty(topology, packets(200), async (drawn, some) => {
        const vswitch = await served(drawn);
        try {
          const held = await readFlows(connection);
          expect(compare(vswitch.compiler.flows, held)).toEqual({ add: [], remove: [] });
          const flows = program([...held].map(([key, body]) => decodeFlow({ key, body })));
          for (const packet of some.map((one) => packetOf(drawn, one))) {
            const outcome = simulate(flows, packet);
            expect({ packet, ...plain(outcome) }).toEqual({ packet, ...plain(await tracer.trace(packet)) });
            fates.add(fate(outcome, packet));
          }
        } finally {
          await vswitch.close(false);
        }
      }),
      { numRuns: 60 },
    );
    // What was drawn has met every end that a packet can come to.
    expect([...fates].sort()).toEqual(
      expect.arrayContaining([
        ...['agent 1', 'agent 2', 'agent 3', 'agent 4', 'agent 5'],
        ...['answered by arp_answer', 'answered by echo', 'sent by flood', 'sent by output'],
        ...['dropped in admit', 'dropped in arp_answer', 'dropped in forward', 'dropped in route_in'],
      ]),
    );
  }, 60_000);
});
