/** The agent's end of the feed, at a real manager and at one that refuses. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { startManager } from '@openvnet/manager';
import type { SystemStatus } from '@openvnet/model';
import pino from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { FeedClient } from './client.ts';

function clientOf(manager: string) {
  const heard: string[] = [];
  const warnings: { msg: string; reason: string }[] = [];
  const log = pino({ level: 'warn' }, { write: (line) => warnings.push(JSON.parse(line)) });
  const client = new FeedClient({
    ...{ manager, node: 'node1', says: { version: '1' }, log },
    copy: () => undefined,
    heard: () => undefined,
    onSlice: ({ type }) => heard.push(type),
    onQuestion: () => Promise.resolve(null),
    onOpen: () => undefined,
    onUp: () => undefined,
    onSlices: () => undefined,
  });
  onTestFinished(() => client.close());
  return { client, heard, warnings };
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !holds(); i++) await delay(10);
  expect(holds()).toBe(true);
}

describe('two agents with one name on a host', () => {
  it('do not replace each other in turn: the one that was started later is served, then the other', async () => {
    const log: { msg: string }[] = [];
    const logger = pino({ level: 'info' }, { write: (line) => log.push(JSON.parse(line)) });
    const listen = { host: '127.0.0.1', port: 0 };
    await using manager = await startManager({ listen, store: 'memory', logger, claims: { reservedMs: 100 } });
    const older = clientOf(manager.url);
    await until(() => older.heard.length === 1);
    await delay(5);
    const newer = clientOf(manager.url);
    await until(() => newer.heard.length === 1 && older.warnings.length === 1);
    expect(older.warnings).toMatchObject([
      { reason: expect.stringMatching(/^replaced by a newer agent of the same host/) },
    ]);
    // It comes again and waits on its connection.
    await until(() => log.some(({ msg }) => /waits/.test(msg)));
    await delay(300);
    expect(log.filter(({ msg }) => /an agent connected|waits/.test(msg)).length).toBe(3);
    const { agents } = (await (await fetch(`${manager.url}/api/1.0/status`)).json()) as SystemStatus;
    const notes = expect.arrayContaining([expect.stringContaining('also claims to be node1')]);
    expect(agents).toMatchObject([{ node: 'node1', connected: true, notes }]);
    newer.client.close();
    await until(() => older.heard.length === 2);
  }, 20_000);
});

describe('an agent that is refused', () => {
  it('says why in the words of the manager, and does not come again at once', async () => {
    let attempts = 0;
    await using server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    server.on('upgrade', (_, socket) => {
      attempts++;
      socket.end(
        'HTTP/1.1 403 Forbidden\r\nContent-Length: 24\r\nConnection: close\r\n\r\nuse --allow-host\u001b[2J now',
      );
    });
    const { warnings } = clientOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await until(() => warnings.length === 1);
    await delay(1000);
    expect(attempts).toBe(1);
    expect(warnings).toMatchObject([
      { msg: expect.stringMatching(/does not serve this agent/), reason: '403 use --allow-host\\u{1b}[2J now' },
    ]);
  });

  it('waits longer where the connection is closed for what it said, though it was open', async () => {
    let attempts = 0;
    await using server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) => {
      attempts++;
      socket.close(4002, 'node node1 has another agent');
    });
    const { warnings } = clientOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await until(() => warnings.length === 1);
    await delay(1000);
    expect(attempts).toBe(1);
    expect(warnings[0]!.reason).toBe('node node1 has another agent');
  });
});
