/** What happens to a manager that serves when its disk fails it. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Manager, startManager } from './index.ts';

let directory: string;
let manager: Manager;
const start = () =>
  startManager({
    listen: { host: '127.0.0.1', port: 0 },
    store: join(directory, 'store.db'),
    logger: pino({ level: 'silent' }),
  });
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'openvnet-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', directory]);
  manager = await start();
});
afterEach(async () => {
  await manager.close();
  execFileSync('umount', [directory]);
  rmSync(directory, { recursive: true });
});

/** What an answer holds that is looked into. */
type Body = { total_count: number; manager: { notes: string[] } };

async function call(
  method: string,
  path: string,
  form?: Record<string, string>,
): Promise<{ status: number; body: Body }> {
  const body = form && new URLSearchParams(form);
  const answer = await fetch(`${manager.url}/api/1.0${path}`, { method, ...(body && { body }) });
  return { status: answer.status, body: (await answer.json()) as Body };
}
const addNetwork = (uuid: string) => call('POST', '/networks', { uuid, ipv4_network: '10.0.0.0' });
const notes = async (): Promise<string[]> => (await call('GET', '/status')).body.manager.notes;

/** Leaves no free byte on the disk. */
function fill(): void {
  const file = openSync(join(directory, 'fill'), 'w');
  try {
    for (;;) writeSync(file, Buffer.alloc(4096));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(file);
  }
}

it('a full disk refuses changes with the reason, status says so, and what is stored is served', async () => {
  expect((await addNetwork('nw-before')).status).toBe(200);
  fill();
  let refused = await addNetwork('nw-1');
  for (let i = 2; refused.status === 200 && i < 100; i++) refused = await addNetwork(`nw-${i}`);
  expect(refused).toEqual({
    status: 503,
    body: {
      error: 'Vnet::Endpoints::Errors::Unavailable',
      code: '503',
      message: `The store ${directory}/store.db cannot be written: its disk is full; nothing was changed`,
      hint: `Use: df -h ${directory}`,
    },
  });
  expect(await notes()).toEqual([
    `The store ${directory}/store.db cannot be written: its disk is full: objects cannot be changed; what is in effect stays. Use: df -h ${directory}`,
  ]);
  const stored = (await call('GET', '/networks')).body.total_count;
  expect((await call('GET', '/networks/nw-before')).status).toBe(200);

  rmSync(join(directory, 'fill'));
  expect((await addNetwork('nw-after')).status).toBe(200);
  expect(await notes()).toEqual([]);
  await manager.close();
  manager = await start();
  expect((await call('GET', '/networks')).body.total_count).toBe(stored + 1);
});

it('a manager that starts on a full disk says so', async () => {
  await addNetwork('nw-before');
  await manager.close();
  fill();
  await expect(start()).rejects.toThrow(
    `The store ${directory}/store.db cannot be written: its disk is full. Use: df -h ${directory}`,
  );
  rmSync(join(directory, 'fill'));
  manager = await start();
  expect((await call('GET', '/networks/nw-before')).status).toBe(200);
});
