import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { exposure } from './listening.ts';
import { testManager } from './testing.ts';

describe('an address at which to serve', () => {
  it('is loopback without a word', async () => {
    for (const host of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', 'localhost'])
      expect([host, await exposure({ host, port: 1 }, false)]).toEqual([host, []]);
  });

  it('is another one only when that was asked for', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', '::ffff:192.0.2.1', 'fe80::1'])
      await expect(exposure({ host, port: 1 }, false)).rejects.toThrow(/^Cannot serve at .* add --insecure /);
    await expect(exposure({ host: 'nowhere.invalid', port: 1 }, true)).rejects.toThrow(
      /nowhere\.invalid is not an address/,
    );
  });

  it('other than loopback is in the status, as long as it is served', async () => {
    await using manager = await testManager({ listen: { host: '0.0.0.0', port: 0 }, insecure: true });
    const { notes } = (await manager.done('GET', '/status')).manager;
    expect(notes).toEqual([
      expect.stringMatching(/^serves 0\.0\.0\.0:\d+ without protection \(--insecure\): .*docs\/security\.md$/),
    ]);
    const [own] = Object.values(networkInterfaces()).flatMap((all = []) =>
      all.filter(({ family }) => family === 'IPv4'),
    );
    const { port } = new URL(manager.url);
    expect((await fetch(`http://${own!.address}:${port}/api/networks`)).status).toBe(200);
    await using usual = await testManager();
    expect((await usual.done('GET', '/status')).manager.notes).toEqual([]);
  });
});
