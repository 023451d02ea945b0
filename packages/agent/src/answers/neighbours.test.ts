import {
  interfaceRows,
  macOf,
  networkRows,
  plainInterface,
  staticRow,
  TestModel,
  TestSwitch,
} from '@openvnet/compiler/testing';
import type { SwitchConnection } from '@openvnet/openflow';
import { decodeArp, decodeEthernet } from '@openvnet/packet';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Neighbours, type NeighbourTimes } from './neighbours.ts';

const times: NeighbourTimes = { again: 500, look: 30_000, unused: 600_000 };
const station = { domain: 1, ip: 0x0a000163 };
const mac = 0x0200_0000_0099;
let vswitch: TestSwitch;
let asked: { dst: number; sha: number; spa: number; tpa: number }[];
/** Packets that the flows of rows have taken, by number of the row. */
let packets: Map<number, number>;
let neighbours: Neighbours;

const connection = {
  send: ({ data }: { data: Uint8Array }) => {
    const { dst, payload } = decodeEthernet(data);
    const { sha, spa, tpa } = decodeArp(payload);
    asked.push({ dst, sha, spa, tpa });
  },
  dumpFlows: async () =>
    [...packets].map(([id, count]) => ({
      key: '',
      body: `\x0d${'\0'.repeat(6)}${String.fromCharCode(id)}`,
      packets: count,
    })),
} as unknown as SwitchConnection;

/** Network 1 with gateway 101 and an uplink: stations there may answer. */
beforeEach(() => {
  vi.useFakeTimers();
  const model = new TestModel();
  for (const row of [
    ...networkRows(1),
    ...interfaceRows(101, 1, 0x0a0001fe, 'simulated'),
    ...plainInterface(31, 'promiscuous', 'if-31'),
    staticRow(1, 31, { network: 1 }),
  ])
    model.put(...row);
  vswitch = new TestSwitch(model).port(31);
  vswitch.compiler.update();
  [asked, packets] = [[], new Map()];
  neighbours = new Neighbours(
    vswitch.compiler,
    () => connection,
    () => vswitch.compiler.update(),
    times,
  );
});
afterEach(() => {
  neighbours.close();
  vi.useRealTimers();
});

function rows(): number[] {
  return [...vswitch.compiler.relations.resolved.rows()].map((row) => row.mac);
}

it('asks with the address of the gateway until somebody answers, and those who wait learn it together', async () => {
  const waiting = [neighbours.find(station, '11'), neighbours.find(station, '11')];
  await vi.advanceTimersByTimeAsync(600);
  expect(asked).toEqual(Array(2).fill({ dst: 0xffff_ffff_ffff, sha: macOf(101), spa: 0x0a0001fe, tpa: station.ip }));
  neighbours.heard(station, mac);
  expect(await Promise.all(waiting)).toEqual([mac, mac]);
  expect(await neighbours.find(station, '11')).toBe(mac);
  expect(rows()).toEqual([mac]);
  const taken = vswitch.compiler.flows.size;
  await vi.advanceTimersByTimeAsync(5000);
  expect([asked.length, vswitch.compiler.flows.size]).toEqual([2, taken]);
});

it('gives up when nobody answers, and begins anew for the next', async () => {
  const waiting = neighbours.find(station, '11');
  await vi.advanceTimersByTimeAsync(2000);
  expect([await waiting, asked.length, rows()]).toEqual(['nobody', 3, []]);
  neighbours.heard(station, mac);
  expect(rows()).toEqual([]);
  void neighbours.find(station, '11');
  expect(asked.length).toBe(4);
});

it('lets so many packets of a port wait for one station, and asks for so many stations', async () => {
  const waiting = Array.from({ length: 25 }, () => neighbours.find(station, '11'));
  expect(await Promise.all(waiting.slice(20))).toEqual(Array(5).fill('busy'));
  const find = (client: string, i: number) => neighbours.find({ domain: 1, ip: 0x0b000000 + i }, client);
  const others = Array.from({ length: 100 }, (_, i) => find('11', i));
  expect(await Promise.race([others[63], 'asked'])).toBe('busy');
  expect(await Promise.race([others[62], 'asked'])).toBe('asked');
  // However many ports send to addresses that nobody has, one that has not is served, and at a station that others wait for too.
  for (let i = 0; i < 5000; i++) void find(`${i % 50}`, 1000 + i);
  expect(await Promise.race([find('newcomer', 9999), 'asked'])).toBe('asked');
  expect(await Promise.race([neighbours.find(station, 'newcomer'), 'asked'])).toBe('asked');
  neighbours.close();
  expect(await waiting[0]).toBe('busy');
});

it('believes a new MAC address of a station that it knows', async () => {
  void neighbours.find(station, '11');
  neighbours.heard(station, mac);
  neighbours.heard(station, mac + 1);
  expect(rows()).toEqual([mac + 1]);
});

it('asks those that are in use again, and forgets who does not answer', async () => {
  void neighbours.find(station, '11');
  neighbours.heard(station, mac);
  asked = [];
  for (let look = 1; look <= 5; look++) {
    packets.set(1, look);
    await vi.advanceTimersByTimeAsync(times.look);
    neighbours.heard(station, mac);
  }
  expect(rows()).toEqual([mac]);
  expect(asked).toEqual(Array(5).fill({ dst: mac, sha: macOf(101), spa: 0x0a0001fe, tpa: station.ip }));
  for (let look = 6; look <= 9; look++) {
    packets.set(1, look);
    await vi.advanceTimersByTimeAsync(times.look);
  }
  expect(rows()).toEqual([]);
});

it('forgets whom nobody sends to', async () => {
  void neighbours.find(station, '11');
  neighbours.heard(station, mac);
  for (let look = 0; look < 21; look++) {
    await vi.advanceTimersByTimeAsync(times.look);
    neighbours.heard(station, mac);
  }
  expect(rows()).toEqual([]);
});

it('takes over what the switch has from before', async () => {
  void neighbours.find(station, '11');
  neighbours.heard(station, mac);
  const { flows } = vswitch.compiler;
  const installed = new Map([...flows.keys()].map((key) => [key, flows.get(key)!]));
  const before = vswitch.text();
  vswitch.compiler.relations.resolved.delete(1);
  const another = new Neighbours(
    vswitch.compiler,
    () => connection,
    () => vswitch.compiler.update(),
    times,
  );
  another.adopt(installed);
  expect(vswitch.text()).toBe(before);
  expect(await another.find(station, '11')).toBe(mac);
  another.close();
});
