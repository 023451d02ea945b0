import {
  agentReasons,
  Connections,
  features,
  localPort,
  type Outcome,
  type Packet,
  program,
  readCookie,
  simulate,
  tableNames,
} from '@openvnet/compiler';
import {
  answerTo,
  drawnDatapath,
  otherHosts,
  packetOf,
  packets,
  switchPorts,
  TestModel,
  type Topology,
  topology,
  tunnelPorts,
} from '@openvnet/compiler/testing';
import { PrivateSwitch } from '@openvnet/lab';
import { decodeFlow, dial, type SwitchConnection } from '@openvnet/openflow';
import fc from 'fast-check';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ControlSocket, type Traced, Tracer } from '../testing/trace.ts';
import { compare, readFlows, strays } from './flows.ts';
import { ServedSwitch } from './served-switch.ts';

const stack = new AsyncDisposableStack();
let connection: SwitchConnection;
let tracer: Tracer;

beforeAll(async () => {
  const vswitch = stack.use(await PrivateSwitch.start({ dummy: true }));
  await vswitch.addBridge({ name: 'br0' });
  const ports = [...switchPorts].filter(([number]) => number !== localPort);
  await vswitch.addPorts('br0', Object.fromEntries(ports.map(([n, name]) => [name, { ofportRequest: n }])));
  await joinUnderlay(vswitch);
  connection = stack.use(await dial(`unix:${vswitch.managementSocket('br0')}`));
  const control = new ControlSocket(`${vswitch.runDirectory}/ovs-vswitchd.${vswitch.pid()}.ctl`);
  tracer = await Tracer.of(stack.use(control), 'br0');
}, 20_000);

afterAll(() => stack.disposeAsync());

/** Gives the switch tunnel ports, and a bridge with the tunnel address that knows the other hosts. */
async function joinUnderlay(vswitch: PrivateSwitch): Promise<void> {
  const options = { remote_ip: 'flow', key: 'flow' };
  const ports = [...tunnelPorts].map(([number, type]) => [`vn-${type}`, { ofportRequest: number, type, options }]);
  await vswitch.addPorts('br0', Object.fromEntries(ports));
  await vswitch.addBridge({ name: 'br-phy', failMode: 'standalone' });
  await vswitch.addPort('br-phy', 'under0');
  await vswitch.appctl('netdev-dummy/ip4addr', 'br-phy', `172.31.0.${drawnDatapath}/24`);
  await vswitch.appctl('ovs/route/add', '172.31.0.0/24', 'br-phy');
  for (const host of otherHosts)
    await vswitch.appctl('tnl/neigh/set', 'br-phy', `172.31.0.${host}`, `aa:55:aa:55:00:0${host}`);
}

/** Connection tracking that notes what it has said: a trace of the switch has to be told. */
class NotedConnections extends Connections {
  readonly states: number[] = [];

  override track(...question: Parameters<Connections['track']>): number {
    const state = super.track(...question);
    this.states.push(state);
    return state;
  }
}

/** Installs the flows of a topology as the agent does. */
async function served({ rows, resolved }: Topology): Promise<ServedSwitch> {
  const model = new TestModel();
  for (const row of rows) model.put(...row);
  const settled = Promise.withResolvers<void>();
  const vswitch: ServedSwitch = new ServedSwitch({
    datapathId: drawnDatapath,
    dpid: 'br0',
    model: model.relations,
    log: pino({ level: 'silent' }),
    revision: () => 1,
    onChange: () => {
      if (vswitch.problem) settled.reject(new Error(vswitch.problem));
      else if (vswitch.revision === 1) settled.resolve();
    },
  });
  for (const [id, name] of switchPorts) vswitch.setPort(name, { id, name, iface_id: null });
  for (const [id, encapsulation] of tunnelPorts) vswitch.setTunnel(encapsulation, id);
  for (const row of resolved) vswitch.compiler.relations.resolved.set(row);
  vswitch.use(connection);
  await settled.promise;
  return vswitch;
}

/** An outcome to compare: where the packet came in is no part of it any more, nor is what tells of a tunnel, unless it leaves by one. */
function plain({ sent, toAgent, trace }: Traced): object {
  const fields = ({ in_port: _, ...packet }: Packet, port?: number): object =>
    Object.fromEntries(
      Object.entries(packet)
        .filter(([name]) => !/^tun_src$/.test(name) && (tunnelPorts.has(port!) || !/^tun/.test(name)))
        .map(([name, value]) => [name, Number(value)]),
    );
  return {
    sent: sent.map(({ port, packet }) => ({ port, packet: fields(packet, port) })),
    toAgent: toAgent.map(({ reason, packet }) => ({ reason, packet: fields(packet) })),
    trace: trace.map(({ table, priority, cookie }) => ({ table, priority, cookie })),
  };
}

/** What became of a packet, in a word. */
function fate({ sent, toAgent, trace }: Outcome, { in_port }: Packet): string {
  const through = trace.at(-1)?.table;
  if (toAgent.length > 0) return `to the agent: ${reasonOf(toAgent[0]!.reason)}`;
  if (sent.length === 0) return `dropped in ${through}`;
  return sent.length === 1 && sent[0]!.port === in_port ? `answered by ${through}` : `sent by ${through}`;
}

function reasonOf(number: number): string | undefined {
  return Object.entries(agentReasons).find(([, each]) => each === number)?.[0];
}

/** What packets have met: tables, features, ends. */
class Met {
  readonly tables = new Set<string>();
  readonly features = new Set<number>();
  readonly fates = new Set<string>();

  add(outcome: Outcome, packet: Packet): void {
    this.fates.add(fate(outcome, packet));
    for (const { table, cookie } of outcome.trace) {
      this.tables.add(table);
      this.features.add(readCookie(cookie).feature);
    }
  }
}

/** A topology in the switch, and packets of it, each with an answer, compared one by one. */
const agrees = (met: Met, least: number, most: number) =>
  fc.asyncProperty(topology, packets(least, most), async (drawn, some) => {
    const vswitch = await served(drawn);
    try {
      const held = await readFlows(connection, () => false);
      const { flows: wanted } = vswitch.compiler;
      expect(compare(wanted, held, wanted.keys())).toEqual({ add: [], remove: [] });
      expect(strays(wanted, held)).toEqual([]);
      const flows = program([...held].map(([key, body]) => decodeFlow({ key, body })));
      const connections = new NotedConnections();
      const both = async (packet: Packet): Promise<Outcome> => {
        connections.states.length = 0;
        const outcome = simulate(flows, packet, connections);
        const traced = await tracer.trace(packet, connections.states);
        expect({ packet, ...plain(outcome) }).toEqual({ packet, ...plain(traced) });
        met.add(outcome, packet);
        return outcome;
      };
      for (const packet of some.map((one) => packetOf(drawn, one))) {
        const { sent } = await both(packet);
        const [back] = sent.flatMap((copy) => answerTo(copy) ?? []);
        if (back) await both(back);
      }
    } finally {
      await vswitch.close();
      connection.send({ type: 'flow_mod', command: 'delete', table: 0xff });
      await connection.barrier();
    }
  });

describe('the simulated switch', () => {
  it('does with every packet what Open vSwitch does, which takes every flow and gives it back as it was', async () => {
    await fc.assert(agrees(new Met(), 1, 100), {
      numRuns: 60,
      interruptAfterTimeLimit: 40_000,
      markInterruptAsFailure: true,
    });
  }, 240_000);

  it('does so in every table, with flows of every feature, and at every end that a packet can come to', async () => {
    const met = new Met();
    await fc.assert(agrees(met, 150, 150), { seed: 2, numRuns: 100, endOnFailure: true });
    expect(tableNames.filter((name) => !met.tables.has(name))).toEqual([]);
    expect(features.filter(({ cookie }) => !met.features.has(cookie)).map(({ name }) => name)).toEqual([]);
    expect(Object.keys(agentReasons).filter((reason) => !met.fates.has(`to the agent: ${reason}`))).toEqual([]);
    expect([...met.fates].sort()).toMatchInlineSnapshot(`
      [
        "answered by answer",
        "answered by output",
        "answered by to_peer",
        "dropped in admit",
        "dropped in dispatch",
        "dropped in egress_rules",
        "dropped in flood",
        "dropped in forward",
        "dropped in from_peer",
        "dropped in identity",
        "dropped in ingress_rules",
        "dropped in limit",
        "dropped in output",
        "dropped in resume",
        "dropped in rewrite",
        "dropped in route_in",
        "dropped in translate_in",
        "dropped in translate_out",
        "dropped in uplink",
        "sent by egress_rules",
        "sent by flood",
        "sent by ingress_rules",
        "sent by learned",
        "sent by output",
        "sent by to_peer",
        "to the agent: dhcp",
        "to the agent: dns",
        "to the agent: dns_tcp",
        "to the agent: fragmentation_needed",
        "to the agent: guest_heard",
        "to the agent: host_unreachable",
        "to the agent: icmp_translation",
        "to the agent: neighbour_heard",
        "to the agent: network_unreachable",
        "to the agent: next_hop",
        "to the agent: port_unreachable",
        "to the agent: refused",
        "to the agent: time_exceeded",
        "to the agent: too_large_for_tunnel",
        "to the agent: unanswered",
      ]
    `);
  }, 240_000);
});
