import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { lengthFirst } from '@openvnet/packet';
import { expect, it } from 'vitest';
import { Exchanges } from './exchanges.ts';

const message = Buffer.from('question');
const accept = (answer: Buffer): boolean => answer.toString() === 'answer';

async function server(answers: readonly string[]) {
  const socket = createSocket('udp4');
  let asked = 0;
  socket.on('message', (_, { port }) => {
    asked++;
    for (const answer of answers) socket.send(answer, port, '127.0.0.1');
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { port: socket.address().port, asked: () => asked, [Symbol.dispose]: () => socket.close() };
}

it('gives the first answer that is accepted, and leaves no socket behind', async () => {
  using one = await server(['wrong', 'answer']);
  const exchanges = new Exchanges();
  const ask = exchanges.ask('a', { servers: ['127.0.0.1'], port: one.port, message, accept });
  expect([exchanges.size, (await ask)?.toString(), exchanges.size]).toEqual([1, 'answer', 0]);
});

it('gives up in time, on the next server too, and at once where it is closed', async () => {
  using silent = await server([]);
  const exchanges = new Exchanges();
  const began = performance.now();
  const servers = ['127.0.0.1', '127.0.0.2'];
  expect(await exchanges.ask('a', { servers, port: silent.port, message, accept })).toBe('server unreachable');
  expect(performance.now() - began).toBeLessThan(4000);
  const late = exchanges.ask('a', { servers, port: silent.port, message, accept });
  exchanges.close();
  expect(await late).toBe('server silent');
  expect(exchanges.size).toBe(0);
});

it('has only so many under way, and fewer for each client', async () => {
  using silent = await server([]);
  const exchanges = new Exchanges();
  const ask = (client: string) => exchanges.ask(client, { servers: ['127.0.0.1'], port: silent.port, message, accept });
  const all = [...Array(1000).keys()].map((i) => ask(`${i % 2}`));
  expect(exchanges.size).toBe(64);
  // However many have taken what they can get, who has nothing under way is served.
  all.push(...[...Array(1000).keys()].map((i) => ask(`${i % 40}`)));
  const [full, newcomer] = [exchanges.size, ask('newcomer')];
  expect([full > 450, exchanges.size]).toEqual([true, full + 1]);
  all.push(newcomer);
  exchanges.close();
  await Promise.all(all);
  expect(exchanges.size).toBe(0);
});

/** A server that has more to say over TCP, at the port of `server`. */
async function streams(port: number, say: (query: Buffer, socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (query) => say(query, socket));
  });
  listener.listen(port, '127.0.0.1');
  await once(listener, 'listening');
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  };
  return { [Symbol.dispose]: close };
}

it('asks over TCP where there is more, and takes an answer that comes in pieces', async () => {
  using one = await server(['cut']);
  const long = 'more '.repeat(10_000);
  const queries: string[] = [];
  using _ = await streams(one.port, (query, socket) => {
    queries.push(query.toString('hex'));
    const both = Buffer.concat([lengthFirst(Buffer.from('for others')), lengthFirst(Buffer.from(long))]);
    for (let at = 0; at < both.length; at += 7001) socket.write(both.subarray(at, at + 7001));
  });
  const exchanges = new Exchanges();
  const wanted = {
    servers: ['127.0.0.1'],
    port: one.port,
    message,
    hasMore: (answer: Buffer) => `${answer}` === 'cut',
  };
  const answer = await exchanges.ask('a', { ...wanted, accept: (each) => ['cut', long].includes(`${each}`) });
  expect([answer?.toString() === long, queries, exchanges.size]).toEqual([
    true,
    [lengthFirst(message).toString('hex')],
    0,
  ]);
});

it('gives nothing where a server does not keep to its word, and at once where it is closed', async () => {
  using one = await server(['cut']);
  const exchanges = new Exchanges();
  const wanted = { servers: ['127.0.0.1'], port: one.port, message, hasMore: () => true, accept: () => true };
  expect(await exchanges.ask('a', wanted)).toBe('server unreachable');
  let asked = 0;
  using _ = await streams(one.port, (__, socket) => {
    asked++;
    if (asked === 1) socket.end(Buffer.from([0, 9, 1]));
    else exchanges.close();
  });
  expect(await exchanges.ask('a', wanted)).toBe('server unreachable');
  expect(await exchanges.ask('a', wanted)).toBe('server silent');
  expect([asked, exchanges.size]).toEqual([2, 0]);
});

it('says so where the host cannot reach a server, and asks the next one', async () => {
  using one = await server(['answer']);
  const exchanges = new Exchanges();
  // Nobody may connect to the broadcast address.
  const ask = (servers: string[]) => exchanges.ask('a', { servers, port: one.port, message, accept });
  expect(await ask(['255.255.255.255'])).toBe('server unreachable');
  expect(`${await ask(['255.255.255.255', '127.0.0.1'])}`).toBe('answer');
  expect(exchanges.size).toBe(0);
});

it('gives up a server that sends much and no answer', async () => {
  using flood = await server(Array(200).fill('wrong'));
  using one = await server(['cut']);
  using _ = await streams(one.port, (__, socket) => {
    const wrong = lengthFirst(Buffer.alloc(1000));
    const more = (): unknown => socket.writable && socket.write(wrong, more);
    more();
  });
  const exchanges = new Exchanges();
  const began = performance.now();
  const servers = ['127.0.0.1'];
  expect(await exchanges.ask('a', { servers, port: flood.port, message, accept })).toBe('server answers are invalid');
  const cut = (answer: Buffer): boolean => `${answer}` === 'cut';
  const endless = { servers, port: one.port, message, accept: cut, hasMore: cut };
  expect(await exchanges.ask('a', endless)).toBe('server answers are invalid');
  expect(performance.now() - began).toBeLessThan(1000);
});
