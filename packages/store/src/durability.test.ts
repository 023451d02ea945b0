import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { openStore } from './index.ts';

/** Writes one network after the other forever, and says which it has. */
const writer = `
  import { openStore } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
  const by = { author: 'writer', request: null, message: null };
  const store = await openStore(process.argv[1]);
  for (let i = await store.count('network'); ; i++) {
    const values = { uuid: 'nw-' + i, display_name: '', ipv4_network: i, ipv4_prefix: 24 };
    const { revision } = await store.transaction(by, (tx) => tx.insert('network', values));
    process.stdout.write(i + ' ' + revision + '\\n');
  }
`;

it('has every change that was acknowledged, after its process was killed', async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-store-'));
  const path = join(directory.path, 'store.db');
  for (const wanted of [20, 60, 200]) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', writer, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let last = { index: -1, revision: -1 };
    let seen = 0;
    for await (const line of createInterface(child.stdout)) {
      const [index, revision] = line.split(' ').map(Number) as [number, number];
      last = { index, revision };
      if (++seen === wanted) child.kill('SIGKILL');
    }
    if (child.signalCode === null) await once(child, 'exit');
    await using store = await openStore(path);
    for (let i = 0; i <= last.index; i++) expect((await store.byUuid('network', `nw-${i}`))?.ipv4_network).toBe(i);
    expect(store.revision).toBeGreaterThanOrEqual(last.revision);
    expect(store.revision).toBe(await store.count('network'));
  }
}, 30_000);
