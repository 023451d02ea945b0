/** Clients that hold on to the manager: over real connections, with limits small enough to reach. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type TestManager, testManager } from '../testing.ts';
import type { HttpLimits } from './bounds.ts';

async function managerWith(http: Partial<HttpLimits>): Promise<TestManager> {
  const manager = await testManager({ http });
  onTestFinished(() => manager.close());
  return manager;
}

/** A connection that writes `bytes`; what it hears is in `heard`. */
async function client({ url }: TestManager, bytes: string | Buffer): Promise<{ socket: Socket; heard: () => string }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  let heard = '';
  socket.on('data', (data) => {
    heard += data;
  });
  await once(socket, 'connect');
  socket.write(bytes);
  onTestFinished(() => void socket.destroy());
  return { socket, heard: () => heard };
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !holds(); i++) await delay(10);
  expect(holds()).toBe(true);
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as NodeJS.GCFunction)();
}

const head = (path: string, length: number) =>
  `POST /api/1.0${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
const topology = JSON.stringify({
  topology: { networks: [{ uuid: 'nw-a', ipv4_network: '10.0.0.0', display_name: 'x'.repeat(200) }] },
});

describe('a client', () => {
  it.each(['GET /api/networks HTTP/1.1\r\nHost: ', `${head('/networks', 1000)}{"display_name": "`])(
    'that is slow to say what it wants is sent away: %j',
    async (said) => {
      const manager = await managerWith({ headMs: 200, requestMs: 400 });
      const { socket, heard } = await client(manager, said);
      await once(socket, 'close');
      expect(heard()).toMatch(/^HTTP\/1.1 408 /);
      expect((await fetch(`${manager.url}/api/networks`)).status).toBe(200);
    },
  );

  it('is served although others hold all connections', async () => {
    const manager = await managerWith({ connections: 10 });
    const others = await Promise.all(Array.from({ length: 30 }, () => client(manager, 'GET / HTTP/1.1\r\n')));
    await until(() => others.filter(({ socket }) => socket.closed).length >= 20);
    expect((await fetch(`${manager.url}/api/networks`)).status).toBe(200);
    const bodies = await Promise.all(Array.from({ length: 30 }, () => client(manager, `${head('/networks', 100)}{`)));
    await until(() => bodies.filter(({ socket }) => socket.closed).length >= 20);
    expect((await fetch(`${manager.url}/api/networks`)).status).toBe(200);
  });

  it('that waits for an answer keeps its connection when others come', async () => {
    const manager = await managerWith({ connections: 10 });
    await manager.done('POST', '/networks', { uuid: 'nw-a', ipv4_network: '10.0.0.0' });
    const waiting = fetch(`${manager.url}/api/1.0/networks/nw-a/status?wait=1`);
    await delay(100);
    await Promise.all(Array.from({ length: 30 }, () => client(manager, 'GET / HTTP/1.1\r\n')));
    expect((await waiting).status).toBe(200);
  });

  it('can send whole bodies although 40 others have sent half of theirs, which take no more memory than the limit', async () => {
    const limit = 16 << 20;
    const manager = await managerWith({ bodyBytes: limit });
    const half = Buffer.alloc(4 << 20, 'x');
    const before = process.memoryUsage().arrayBuffers;
    const others = await Promise.all(
      Array.from({ length: 40 }, () => client(manager, Buffer.concat([Buffer.from(head('/apply', 8 << 20)), half]))),
    );
    // All but four are given up.
    await until(() => others.filter(({ socket }) => socket.closed).length >= 36);
    collectGarbage();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(limit * 8);
    const body = topology.padEnd(8 << 20);
    const { heard } = await client(manager, head('/apply', body.length) + body);
    await until(() => heard().startsWith('HTTP/1.1 200'));
    expect((await manager.done('GET', '/networks')).total_count).toBe(1);
  }, 30_000);

  it('that sends more than all together may is told to try again, and can', async () => {
    const manager = await managerWith({ bodyBytes: 1 << 20 });
    const { socket, heard } = await client(manager, head('/apply', 4 << 20));
    socket.write('x'.repeat(2 << 20));
    await until(() => heard().includes('"503"'));
    expect(heard()).toMatch(/^HTTP\/1.1 503 (.|\s)*retry-after: 1(.|\s)*request bodies exceed 1048576 bytes/);
    const { status } = await fetch(`${manager.url}/api/1.0/apply`, {
      method: 'POST',
      body: topology.padEnd(100_000),
      headers: { 'content-type': 'application/json' },
    });
    expect(status).toBe(200);
  });

  it('that asks without waiting for answers is told to wait', async () => {
    const manager = await managerWith({ pipelined: 4 });
    await manager.done('POST', '/networks', { uuid: 'nw-a', ipv4_network: '10.0.0.0' });
    const one = 'GET /api/1.0/networks/nw-a/status?wait=1 HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const { heard } = await client(manager, one.repeat(10));
    await until(() => heard().includes('4 requests of this connection are waiting for their answers'));
    expect(heard().match(/HTTP\/1.1 200/g)).toHaveLength(4);
  });

  it('that does not read what it asked for is given up', async () => {
    const manager = await managerWith({ answerBytes: 2 << 20 });
    const networks = Array.from({ length: 3000 }, (_, i) => ({
      uuid: `nw-${i}`,
      ipv4_network: '10.0.0.0',
      display_name: 'x'.repeat(250),
    }));
    await manager.app.inject({ method: 'POST', url: '/api/1.0/apply', payload: { topology: { networks } } });
    const { socket } = await client(manager, '');
    socket.pause();
    const ask = 'GET /api/1.0/networks?limit=10000 HTTP/1.1\r\nHost: localhost\r\n\r\n';
    let gone = false;
    socket.on('close', () => {
      gone = true;
    });
    for (let i = 0; i < 20; i++) {
      socket.write(ask);
      const list = (await (await fetch(`${manager.url}/api/1.0/networks?limit=10000`)).json()) as {
        total_count: number;
      };
      expect(list.total_count).toBe(3000);
    }
    socket.resume();
    await until(() => gone);
  }, 20_000);
});
