import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@openvnet/agent/testing';
import { expect, it } from 'vitest';
import { FaultHost } from './testing/faults/host.ts';
import { SmallDisk } from './testing/faults/small-disk.ts';

it('an agent whose disk is full goes on serving, changes no flow without its copy, and has one again when there is room', async () => {
  await using made = await FaultHost.start();
  const { host } = made;
  await host.stopAgent();
  const directory = dirname(host.copy);
  rmSync(directory, { recursive: true });
  using disk = new SmallDisk(directory);
  await host.startAgent();
  await host.settled();
  disk.fill();
  for (let i = 0; i < 40; i++) await made.must(`network add --uuid nw-n${i} --ipv4-network 10.${i}.0.0/16`);
  await host.settled();
  const lost = host.complaints.filter((line) => line.includes('the copy on disk cannot be written'));
  expect(lost.length).toBeLessThan(10);
  expect(lost.length).toBeGreaterThan(0);
  const before = (await host.flows()).length;

  await host.stopManager();
  await host.stopAgent();
  await host.startAgent();
  await sleep(1000);
  expect((await host.flows()).length).toBe(before);

  await host.startManager();
  await host.settled();
  disk.free();
  await made.must('network add --uuid nw-z --ipv4-network 10.200.0.0/16');
  await host.settled();
  const { revision } = host.agent.slice;
  await host.stopManager();
  await host.stopAgent();
  await host.startAgent();
  await until(() => host.agent.slice.revision === revision);
  await host.stopAgent();
}, 60_000);
