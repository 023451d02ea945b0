/**
 * A program for `churn.test.ts`: makes and removes interfaces, each with a port, a filter and a DHCP request of its own, in
 * the parts of an agent that remember something. Prints the growth of its heap after collection, in bytes.
 */

import {
  filteringRow,
  filterRow,
  interfaceRows,
  macOf,
  networkRows,
  type Put,
  ruleRow,
  serviceRows,
  type TestModel,
} from '@openvnet/compiler/testing';
import type { AgentChange, ToManager } from '@openvnet/model';
import { dhcpType, encodeDhcp, encodeEthernet, encodeIpv4, encodeUdp } from '@openvnet/packet';
import { pino } from 'pino';
import { Reporter } from '../feed/reporter.ts';
import { Slice } from '../feed/slice.ts';
import { compare } from '../switch/flows.ts';
import type { Switches } from '../switch/switches.ts';
import { AnsweringSwitch } from './answering-switch.ts';

const [cycles = 0] = process.argv.slice(2).map(Number);
const slice = new Slice();
const agent = new AnsweringSwitch({ relations: slice.relations } as TestModel, []);
const { served } = agent;
const switches = {
  served: () => [served],
  report: () => [],
  port: () => undefined,
  problem: null,
} as unknown as Switches;
const said: ToManager[] = [];
const reporter = new Reporter({
  slice,
  switches,
  underlay: { state: { address: null, addresses: [], mtu: null, problem: null } },
  log: pino({ level: 'silent' }),
  send: (message) => said.push(message) > 0,
});
const installed = new Map<string, string>();
let revision = 0;

function changed(rows: readonly Put[], gone: boolean): void {
  const changes = rows.map(([kind, row]) => ({ kind, id: row.id, row: gone ? null : row }) as AgentChange);
  slice.apply({ type: 'changes', store: 'churn', revision: ++revision, changes });
}

function bringUp(): void {
  served.compiler.update();
  const { add, remove } = compare(served.compiler.flows, installed, served.compiler.flows.takeTouched());
  for (const { key, body } of add) installed.set(key, body);
  for (const key of remove) installed.delete(key);
}

function dhcpDiscover(chaddr: number): Buffer {
  const from = {
    htype: 1,
    hlen: 6,
    hops: 0,
    xid: 7,
    secs: 0,
    broadcast: false,
    ciaddr: 0,
    yiaddr: 0,
    siaddr: 0,
    giaddr: 0,
  };
  const message = encodeDhcp({ op: 1, ...from, chaddr, options: { message_type: dhcpType.discover } });
  const [src, dst] = [0, 0xffff_ffff];
  const payload = encodeUdp({ src_port: 68, dst_port: 67, payload: message }, { src, dst });
  const packet = encodeIpv4({ protocol: 17, src, dst, payload });
  return encodeEthernet({ dst: 0xffff_ffff_ffff, src: chaddr, type: 0x0800, payload: packet });
}

/** Each time another interface, which is never seen again. */
async function cycle(id: number): Promise<void> {
  const rows = [
    ...interfaceRows(id, 1, 0x0a010000 + (id % 60_000)).filter(([kind]) => kind !== 'interface'),
    filteringRow(id, true),
    filterRow(id, id),
    ruleRow(id, id, { protocol: 'udp', dst_port: 1 + (id % 60_000), action: 'pass' }),
  ];
  const port = 1 + (id % 60_000);
  changed(rows, false);
  served.setPort(`if-${id}`, { id: port, name: `if-${id}`, iface_id: null });
  bringUp();
  agent.hand('dhcp', port, dhcpDiscover(macOf(id)), { domain: 1 });
  reporter.touch();
  await new Promise((resolve) => setImmediate(resolve));
  if (agent.sent.length !== 1) throw new Error(`interface ${id} got ${agent.sent.length} answers`);
  served.setPort(`if-${id}`, undefined);
  changed([...rows].reverse(), true);
  bringUp();
  agent.packetIns.forget(Number.POSITIVE_INFINITY);
  said.length = 0;
}

async function heapAfter(first: number, last: number): Promise<number> {
  for (let id = first; id < last; id++) await cycle(id);
  reporter.touch();
  await new Promise((resolve) => setTimeout(resolve, 10));
  said.length = 0;
  for (let i = 0; i < 4; i++) {
    globalThis.gc!();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}

changed(
  [
    ...networkRows(1, 0x0a010000, { ipv4_prefix: 16 }),
    ...interfaceRows(1, 1, 0x0a01fffe, 'simulated'),
    ...serviceRows(1, 1, 'dhcp'),
  ],
  false,
);
const warm = 2000;
const before = await heapAfter(10, warm);
const after = await heapAfter(warm, warm + cycles);
console.log(after - before);
process.exit();
