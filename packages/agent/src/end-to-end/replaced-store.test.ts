/** What happens to flows where the manager's store, or the agent's copy of it, is not what it was. */
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { restoreStore } from '@openvnet/store';
import { expect, it } from 'vitest';
import { fieldReport } from '../testing/field-report.ts';
import { Host, textOf, until } from '../testing/host.ts';

async function texts(host: Host): Promise<string[]> {
  return (await host.flows()).map(textOf);
}

/** Long enough for an agent to have done what it must not do. */
const aWhileMs = 1000;

it('a store that is gone takes no flow with it until an operator confirms, whoever is registered again', async () => {
  await using host = await Host.start();
  await fieldReport(host);
  const before = await texts(host);
  expect(before.length).toBeGreaterThan(40);
  await host.stopManager();
  for (const suffix of ['', '-wal', '-shm']) rmSync(host.store + suffix, { force: true });
  await host.startManager();
  await until(async () => (await host.api('GET', '/status')).agents[0]?.notes.length > 0);
  const { dpid } = (await host.api('GET', '/status')).datapaths[0];
  await host.api('POST', '/datapaths', { uuid: 'dp-br0', display_name: 'br0', dpid, node_id: 'node1' });
  await host.stopAgent();
  await host.startAgent();
  await until(async () => (await host.api('GET', '/status')).agents[0]?.connected === true);
  await sleep(aWhileMs);
  expect(await texts(host)).toEqual(before);
  const shown = await host.api('PUT', '/datapaths/dp-br0/adopt');
  expect(shown.flows_gone).toBeGreaterThan(40);
  expect(shown.guests_gone).toContain('if-veth1');
  await host.api('PUT', '/datapaths/dp-br0/adopt', { confirm: 'true' });
  await host.settled();
  expect((await texts(host)).length).toBeLessThan(before.length);
}, 40_000);

it('a store restored from an older copy, and changed since, is what the switch does', async () => {
  await using host = await Host.start();
  await fieldReport(host);
  const before = await texts(host);
  await host.stopManager();
  copyFileSync(host.store, `${host.store}.copy`);
  await host.startManager();
  await host.settled();
  await host.api('DELETE', '/interfaces/if-veth1');
  await host.settled();
  await host.stopAgent();
  await host.stopManager();
  await restoreStore(`${host.store}.copy`, host.store);
  await host.startManager();
  for (let i = 0; i < 12; i++) await host.api('PUT', '/networks/nw-net1', { display_name: `n${i}` });
  await host.startAgent();
  await host.settled();
  expect(await texts(host)).toEqual(before);
  expect((await host.api('GET', '/interfaces/if-veth1/status')).realised).toBe(true);
}, 40_000);

it('a copy with damage takes no flow with it while the manager is away, and none after', async () => {
  await using host = await Host.start();
  await fieldReport(host);
  const before = await texts(host);
  await host.stopAgent();
  await host.stopManager();
  const bytes = readFileSync(host.copy);
  for (const damage of [
    bytes.subarray(0, Math.floor((bytes.length * 2) / 3)),
    Buffer.from(bytes.toString('latin1').replace('"uuid":"if-veth1"', '"uuid":"if-veth9"'), 'latin1'),
    Buffer.from(bytes.toString('latin1').replaceAll('"network"', '"netwerk"'), 'latin1'),
    Buffer.alloc(0),
  ]) {
    writeFileSync(host.copy, damage);
    await host.startAgent();
    await sleep(aWhileMs);
    expect(await texts(host)).toEqual(before);
    await host.stopAgent();
  }
  await host.startAgent();
  await host.startManager();
  await host.settled();
  expect(await texts(host)).toEqual(before);
}, 40_000);
