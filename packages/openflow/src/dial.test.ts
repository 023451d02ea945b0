import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { dial, keepDialing } from './dial.ts';
import { greetAsSwitch, serving } from './test-peer.ts';

describe('dial', () => {
  it('says what it could not reach', async () => {
    await expect(dial('unix:/nowhere/br0.mgmt')).rejects.toThrow(
      'connection to unix:/nowhere/br0.mgmt closed: connect ENOENT',
    );
    await expect(dial('br0')).rejects.toThrow('br0 is neither unix:PATH nor tcp:HOST:PORT');
  });

  it('stops when told to', async () => {
    await using server = await serving(() => {});
    await expect(dial(server.target, { signal: AbortSignal.timeout(20) })).rejects.toThrow('no longer needed');
  });
});

describe('keepDialing', () => {
  it('tries until there is a switch, and again when it has gone, until it is stopped', async () => {
    const stop = new AbortController();
    const downs: string[] = [];
    let tries = 0;
    let last: Socket | undefined;
    let switches = 0;
    await using server = await serving((socket) => {
      tries++;
      if (tries === 1) return void socket.destroy();
      greetAsSwitch(socket);
      last = socket;
    });
    await keepDialing(server.target, {
      signal: stop.signal,
      onSwitch: () => {
        switches++;
        if (switches === 1) last!.end();
        else stop.abort();
      },
      onDown: ({ message }) => downs.push(message.replace(server.target, 'it')),
    });
    expect(downs).toEqual([
      'connection to it closed: the peer closed it',
      'connection to it closed: the peer closed it',
      'connection to it closed by this program',
    ]);
  });
});
