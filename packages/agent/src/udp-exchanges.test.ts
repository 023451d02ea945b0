import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { UdpExchanges } from './udp-exchanges.ts';

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
  const exchanges = new UdpExchanges();
  const ask = exchanges.ask('a', { servers: ['127.0.0.1'], port: one.port, message, accept });
  expect([exchanges.size, (await ask)?.toString(), exchanges.size]).toEqual([1, 'answer', 0]);
});

it('gives up in time, on the next server too, and at once where it is closed', async () => {
  using silent = await server([]);
  const exchanges = new UdpExchanges();
  const began = performance.now();
  const servers = ['127.0.0.1', '127.0.0.2'];
  expect(await exchanges.ask('a', { servers, port: silent.port, message, accept })).toBeUndefined();
  expect(performance.now() - began).toBeLessThan(4000);
  const late = exchanges.ask('a', { servers, port: silent.port, message, accept });
  exchanges.close();
  expect(await late).toBeUndefined();
  expect(exchanges.size).toBe(0);
});

it('has only so many under way, and fewer for each client', async () => {
  using silent = await server([]);
  const exchanges = new UdpExchanges();
  const ask = (client: string) => exchanges.ask(client, { servers: ['127.0.0.1'], port: silent.port, message, accept });
  const all = [...Array(1000).keys()].map((i) => ask(`${i % 2}`));
  expect(exchanges.size).toBe(64);
  all.push(...[...Array(1000).keys()].map((i) => ask(`${i}`)));
  expect(exchanges.size).toBe(256);
  exchanges.close();
  await Promise.all(all);
  expect(exchanges.size).toBe(0);
});
