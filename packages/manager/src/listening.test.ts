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

  it('may be one of several, which serve the same', async () => {
    const [one, other] = ['127.0.0.2', '127.0.0.3'];
    const port = await freePort();
    const several = {
      listen: [
        { host: one, port },
        { host: other, port },
      ],
    };
    {
      await using manager = await testManager(several);
      expect(manager.url).toBe(`http://${one}:${port}`);
      for (const host of [one, other]) expect((await fetch(`http://${host}:${port}/api/networks`)).status).toBe(200);
      const second = await freePort();
      const taken = {
        listen: [
          { host: '127.0.0.4', port: second },
          { host: other, port },
        ],
      };
      await expect(testManager(taken)).rejects.toThrow(
        `Cannot serve at ${other}:${port}: another program listens there already.`,
      );
      // What the one that could not start had open already is closed.
      await (await testManager({ listen: { host: '127.0.0.4', port: second } })).close();
    }
    for (const host of [one, other]) await expect(fetch(`http://${host}:${port}/api/networks`)).rejects.toThrow();
  });
});

async function freePort(): Promise<number> {
  await using manager = await testManager();
  return Number(new URL(manager.url).port);
}
