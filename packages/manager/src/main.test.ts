import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { testManager } from './testing.ts';

function start(args: string[], env: Record<string, string> = {}) {
  const main = new URL('./main.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, ...env },
  });
  return { child, lines: createInterface(child.stderr)[Symbol.asyncIterator](), ended: once(child, 'exit') };
}

async function failure(args: string[], env?: Record<string, string>): Promise<{ code: number; words: string }> {
  const { lines, ended } = start(args, env);
  let words = '';
  for await (const line of lines) words += `${line}\n`;
  const [code] = await ended;
  return { code: code as number, words };
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'openvnet-vnmgr-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

describe('vnmgr', () => {
  it('serves on where its log cannot be written, as on a full disk, and where a connection cannot be taken', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as AddressInfo;
    free.close();
    await once(free, 'close');
    const main = new URL('./main.ts', import.meta.url).pathname;
    const log = openSync('/dev/full', 'w');
    const args = [main, '--listen', `127.0.0.1:${port}`, '--store', 'memory', '--log-level', 'trace'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', log] });
    closeSync(log);
    const ended = once(child, 'exit');
    const status = () => fetch(`http://127.0.0.1:${port}/api/1.0/status`).then(({ status: code }) => code);
    await expect.poll(() => status().catch(() => 0), { timeout: 20_000 }).toBe(200);
    expect(await status()).toBe(200);
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    await using manager = await testManager();
    manager.app.server.emit('error', new Error('accept EMFILE'));
    expect(await fetch(`${manager.url}/api/1.0/status`).then(({ ok }) => ok)).toBe(true);
  }, 60_000);

  it('says where it serves, keeps what it was told, and ends when it is told to', async () => {
    const directory = folder();
    const config = join(directory, 'vnmgr.yml');
    writeFileSync(config, `listen: 127.0.0.1:0\nstore: ${join(directory, 'deep', 'store.db')}\n`);
    for (const expected of [0, 1]) {
      const { child, lines, ended } = start([], { OPENVNET_CONFIG: config });
      const { url, level } = JSON.parse(String((await lines.next()).value));
      expect(level).toBe(30);
      const list = (await (await fetch(`${url}/api/networks`)).json()) as { total_count: number };
      expect(list.total_count).toBe(expected);
      await fetch(`${url}/api/networks?ipv4_network=10.0.0.0`, { method: 'POST' });
      child.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
    }
  }, 20_000);

  it('says in one sentence why it cannot start', async () => {
    const store = join(folder(), 'store.db');
    await using manager = await testManager({ store });
    const { host } = new URL(manager.url);
    expect(await failure(['--store', 'memory', '--listen', host])).toEqual({
      code: 1,
      words: `vnmgr: Cannot serve at ${host}: another program listens there already.\n`,
    });
    expect(await failure(['--store', store, '--listen', '127.0.0.1:0'])).toEqual({
      code: 1,
      words: `vnmgr: The store ${store} is in use: another process, such as a second manager, has it open.\n`,
    });
    expect(await failure(['--store', 'memory', '--listen', '0.0.0.0:0'])).toEqual({
      code: 1,
      words: expect.stringMatching(
        /^vnmgr: Cannot serve at 0\.0\.0\.0:0: it is not a loopback address, .* Use: vnmgr --listen 127\.0\.0\.1:0, or add --insecure /,
      ),
    });
    const broken = join(folder(), 'store.db');
    writeFileSync(broken, 'this is no database, and long enough to be looked at as one '.repeat(100));
    expect(await failure(['--store', broken])).toEqual({
      code: 1,
      words: `vnmgr: The store ${broken} is damaged: file is not a database. Restore a backup with: vnmgr restore FILE\n`,
    });
    expect(await failure([], { OPENVNET_LISTEN: 'here' })).toEqual({
      code: 1,
      words:
        'vnmgr: OPENVNET_LISTEN is "here", which is invalid: expected an address and a port, such as 127.0.0.1:9090.\n',
    });
  }, 30_000);
});
