/**
 * A program for `churn.lab.test.ts`: registers interfaces and removes them again, while an agent reports where they are and
 * clients ask for their status. Prints the growth of the heap after collection, in bytes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hello, registerNetwork, reportOf, testAgent, testManager } from './testing.ts';

/** Requests at once. */
const together = 20;

const [cycles = 0] = process.argv.slice(2).map(Number);
const directory = mkdtempSync(join(tmpdir(), 'openvnet-churn-'));
const manager = await testManager({ store: join(directory, 'store.db') });
await registerNetwork(manager);
const agent = await testAgent(manager.url, { ...hello, store: null, revision: null });
void (async () => {
  for (;;) await agent.next();
})();

/** An interface that is never seen again. */
async function cycle(id: number): Promise<void> {
  const uuid = `if-c${id}`;
  const mac = `02:00:00:${[16, 8, 0].map((shift) => ((id >> shift) & 0xff).toString(16).padStart(2, '0')).join(':')}`;
  const form = { uuid, network_uuid: 'nw-net1', ipv4_address: `172.16.1.${10 + (id % together)}`, mac_address: mac };
  await manager.done('POST', '/interfaces', form);
  await manager.done('GET', `/interfaces/${uuid}/status`);
  await manager.done('DELETE', `/interfaces/${uuid}`);
}

async function heapAfter(first: number, last: number): Promise<number> {
  for (let id = first; id < last; id += together) {
    const [bound, place] = [[], { datapath_id: 1, port_name: null, port_number: null, link: null }];
    agent.say(reportOf(id, { bound: { set: [{ interface_id: id, ...place }], gone: bound, whole: false } }));
    await Promise.all(Array.from({ length: together }, (_, i) => cycle(id + i)));
    agent.say(reportOf(id, { bound: { set: [], gone: [[id, 1]], whole: false }, waiting: [] }));
    if ((id - first) % 1000 === 0) await manager.done('GET', '/status');
  }
  for (let i = 0; i < 5; i++) {
    globalThis.gc!();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return process.memoryUsage().heapUsed;
}

const warm = 2000;
const before = await heapAfter(0, warm);
const after = await heapAfter(warm, warm + cycles);
console.log(after - before);
rmSync(directory, { recursive: true, force: true });
process.exit();
