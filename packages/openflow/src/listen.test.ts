import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { listen } from './listen.ts';
import { Peer } from './test-peer.ts';

/** A listener that takes so many connections, and what it has seen. */
async function listening(connections: number, echoIntervalMs = 5000) {
  const switches: bigint[] = [];
  const refused: string[] = [];
  const listener = await listen({ host: '127.0.0.1', port: 0 }, ({ dpid }) => switches.push(dpid), {
    connections,
    echoIntervalMs,
    onRefused: (_, { message }) => refused.push(message.replace(/tcp:\S+/, 'it')),
  });
  onTestFinished(() => listener[Symbol.asyncDispose]());
  const { port } = listener.address;
  const silent = async () => {
    const socket = connect(port, '127.0.0.1');
    const closed = once(socket.on('error', () => {}).resume(), 'close');
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    return { closed };
  };
  const greeted = async (dpid: bigint) => {
    const peer = new Peer(port);
    onTestFinished(() => void peer.socket.destroy());
    await peer.greet(dpid);
    return peer;
  };
  return { switches, refused, silent, greeted };
}

it('a connection on which nothing is said is closed', async () => {
  const { refused, silent } = await listening(4, 100);
  await await silent();
  await expect.poll(() => refused).toEqual([expect.stringContaining('100 ms')]);
});

it('connections on which nothing is said give way to a switch', async () => {
  const { switches, silent, greeted } = await listening(3);
  const ends = [await silent(), await silent(), await silent()];
  await greeted(7n);
  await ends[0]!.closed;
  await expect.poll(() => switches).toEqual([7n]);
});

it('switches that are connected stay when more come than may', async () => {
  const { switches, refused, greeted, silent } = await listening(2);
  const first = await greeted(1n);
  await greeted(2n);
  await expect.poll(() => switches).toEqual([1n, 2n]);
  await await silent();
  await expect.poll(() => refused).toEqual(['2 switches are connected']);
  expect(first.socket.destroyed).toBe(false);
});
