/**
 * A program of its own for `dhcp.ts`: the agent's part of one switch, which answers, and the guests, which ask over a second
 * connection to the switch that puts their requests in at their ports. Arguments: the switch's management socket, the
 * number of ports, of rounds, and of requests that are under way at a time. Prints one line of JSON.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { PacketIns } from '../packages/agent/src/answers/packet-ins.ts';
import { Slice } from '../packages/agent/src/feed/slice.ts';
import { emptySwitch } from '../packages/agent/src/switch/empty-switch.ts';
import { ServedSwitch, type ServedSwitchOptions } from '../packages/agent/src/switch/served-switch.ts';
import { snapshotForAgent } from '../packages/manager/src/feed/for-agent.ts';
import { dial, type SwitchConnection } from '../packages/openflow/src/index.ts';
import { encodeDhcp, encodeEthernet, encodeIpv4, encodeUdp } from '../packages/packet/src/index.ts';
import { openStore } from '../packages/store/src/index.ts';
import { dpid, guestOf, portName, register } from './topology.ts';

export interface DhcpRounds {
  readonly answers: number;
  /** Of each round. */
  readonly seconds: readonly number[];
  /** Milliseconds that the agent took over all answers, and over the longest. */
  readonly spent: number;
  readonly longest: number;
  /** Answers that did not leave at a port. */
  readonly lost: number;
}

/** Below what a switch hands over at once; and how long it takes until it does so again. */
const requestsPerRound = 800;
const refillMs = 1500;
const patienceMs = 10_000;
const everyone = 0xffff_ffff;
const tableLookup = 0xffff_fff9;

const [socket = '', ...numbers] = process.argv.slice(2);
const [ports = 0, rounds = 0, outstanding = 0] = numbers.map(Number);
const silent = () => {};
const log = { info: silent, warn: silent, error: silent } as unknown as ServedSwitchOptions['log'];

await using store = await openStore('memory');
await register(store, ports, { services: true });
const slice = new Slice();
slice.apply({ type: 'snapshot', store: store.id, ...(await snapshotForAgent(store)) });
await using connection = await dial(`unix:${socket}`);
await using guests = await dial(`unix:${socket}`);
const served = await serve(connection);
const packetIns = new PacketIns(log);
let answered: () => void = silent;
connection.on('packetIn', (message) => {
  packetIns.handle(served, connection, message);
  answered();
});

await round();
const { total: before } = packetIns.spent;
packetIns.spent.most = 0;
const [first, sentBefore] = [packetIns.answered, await sentOut(guests)];
const seconds: number[] = [];
for (let i = 0; i < rounds; i++) seconds.push(await round());
await connection.barrier();
const answers = packetIns.answered - first;
const lost = answers - ((await sentOut(guests)) - sentBefore);
const { total, most } = packetIns.spent;
console.log(JSON.stringify({ answers, seconds, spent: total - before, longest: most, lost } satisfies DhcpRounds));
packetIns.close();
await served.close();
await emptySwitch(connection);

async function serve(to: SwitchConnection): Promise<ServedSwitch> {
  const ready = Promise.withResolvers<void>();
  const made: ServedSwitch = new ServedSwitch({
    datapathId: 1,
    dpid,
    model: slice.relations,
    log,
    revision: () => slice.revision,
    onChange: () => {
      if (made.problem) ready.reject(new Error(made.problem));
      else if (made.revision === slice.revision) ready.resolve();
    },
  });
  for (let guest = 0; guest < ports; guest++) {
    made.setPort(portName(guest), { id: guest + 1, name: portName(guest), iface_id: null });
  }
  made.use(to);
  await ready.promise;
  return made;
}

/** As many requests as a switch hands over at once, from one guest after the other; says how many seconds they took. */
async function round(): Promise<number> {
  await sleep(refillMs);
  const goal = packetIns.answered + requestsPerRound;
  const done = Promise.withResolvers<void>();
  const late = setTimeout(() => {
    const counts = JSON.stringify(Object.fromEntries(packetIns.counts));
    done.reject(new Error(`${goal - packetIns.answered} of ${requestsPerRound} requests have no answer: ${counts}`));
  }, patienceMs);
  let asked = 0;
  const ask = (): void => {
    if (asked < requestsPerRound) request(asked++ % ports);
  };
  answered = () => {
    if (packetIns.answered >= goal) done.resolve();
    else ask();
  };
  const began = performance.now();
  for (let i = 0; i < outstanding; i++) ask();
  await done.promise;
  clearTimeout(late);
  answered = silent;
  return (performance.now() - began) / 1000;
}

/** Puts the discovery of a guest in at its port. */
function request(guest: number): void {
  const { mac } = guestOf(guest);
  const fields = { htype: 1, hlen: 6, hops: 0, xid: guest, secs: 0, broadcast: false };
  const nobody = { ciaddr: 0, yiaddr: 0, siaddr: 0, giaddr: 0 };
  const message = encodeDhcp({ op: 1, ...fields, ...nobody, chaddr: mac, options: { message_type: 1 } });
  const between = { src: 0, dst: everyone };
  const datagram = encodeUdp({ src_port: 68, dst_port: 67, payload: message }, between);
  const packet = encodeIpv4({ ...between, protocol: 17, payload: datagram });
  const frame = encodeEthernet({ dst: 0xffff_ffff_ffff, src: mac, type: 0x0800, payload: packet });
  const actions = [{ type: 'output', port: tableLookup }] as const;
  guests.send({ type: 'packet_out', in_port: guest + 1, actions, data: frame });
}

/** How many packets have left at the ports of the guests. */
async function sentOut(over: SwitchConnection): Promise<number> {
  const reply = await over.request({ type: 'multipart_request', body: { type: 'port_stats' } });
  if (reply.type !== 'multipart_reply' || reply.body.type !== 'port_stats') throw new Error(reply.type);
  return reply.body.entries
    .filter(({ port }) => port <= ports)
    .reduce((sum, { tx_packets }) => sum + Number(tx_packets), 0);
}
