import { once } from 'node:events';
import { DecodeError } from '@openvnet/wire';
import { afterEach, describe, expect, it } from 'vitest';
import type { SwitchConnection } from './connection.ts';
import { SwitchError } from './errors.ts';
import { type Listener, type ListenOptions, listen } from './listen.ts';
import { encodeMessage, type Message } from './messages.ts';
import { features, Peer } from './test-peer.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function listening(
  options: ListenOptions = {},
): Promise<{ listener: Listener; next: () => Promise<SwitchConnection> }> {
  const come: SwitchConnection[] = [];
  let arrived = Promise.withResolvers<void>();
  const accept = (connection: SwitchConnection): void => {
    come.push(connection);
    arrived.resolve();
  };
  const listener = await listen({ host: '127.0.0.1', port: 0 }, accept, options);
  cleanups.push(() => listener[Symbol.asyncDispose]());
  const next = async (): Promise<SwitchConnection> => {
    if (come.length === 0) await arrived.promise;
    arrived = Promise.withResolvers();
    return come.shift()!;
  };
  return { listener, next };
}

function peerOf(listener: Listener): Peer {
  const peer = new Peer(listener.address.port);
  cleanups.push(() => peer.socket.destroy());
  return peer;
}

async function connected(options: ListenOptions = {}): Promise<{ peer: Peer; connection: SwitchConnection }> {
  const { listener, next } = await listening(options);
  const peer = peerOf(listener);
  await peer.greet(0x2an);
  return { peer, connection: await next() };
}

function refusalOf(options: (refused: (reason: string) => void) => ListenOptions): {
  reason: Promise<string>;
  options: ListenOptions;
} {
  const { promise, resolve } = Promise.withResolvers<string>();
  return { reason: promise, options: options(resolve) };
}

const refusal = (): { reason: Promise<string>; options: ListenOptions } =>
  refusalOf((refused) => ({ onRefused: (_, error) => refused(error.message), echoIntervalMs: 200 }));

describe('a peer that asks by echoes and does not read the answers', () => {
  it('does not have them kept for it', async () => {
    const { peer } = await connected();
    peer.socket.pause();
    const echo = encodeMessage({ type: 'echo_request', data: new Uint8Array(60_000) }, 1);
    const sent = 1000;
    for (let i = 0; i < sent; i++) if (!peer.socket.write(echo)) await once(peer.socket, 'drain');
    peer.socket.resume();
    const last = encodeMessage({ type: 'echo_request', data: new Uint8Array(0) }, 2);
    const timer = setInterval(() => peer.socket.write(last), 20);
    cleanups.push(() => clearInterval(timer));
    const isLast = ({ xid }: { xid: number }): boolean => xid === 2;
    while (!peer.received.some(isLast)) await once(peer.socket, 'data');
    expect(peer.received.filter(({ xid }) => xid === 1).length).toBeLessThan(sent / 2);
  });
});

describe('a connection', () => {
  it('greets, asks for features and says how packets should come', async () => {
    const { peer, connection } = await connected();
    expect(connection.dpid).toBe(0x2an);
    expect(connection.features).toEqual({ datapath_id: 0x2an, ...features });
    expect(connection.peer).toMatch(/^tcp:127\.0\.0\.1:\d+$/);
    expect(await peer.answer('set_config')).toMatchObject({ flags: 3, miss_send_len: 0xffff });
    expect(await peer.answer('set_packet_in_format')).toMatchObject({ format: 2 });
  });

  it('tells several switches apart', async () => {
    const { listener, next } = await listening();
    const dpids = new Set<bigint>();
    for (const dpid of [1n, 2n, 3n]) {
      await peerOf(listener).greet(dpid);
      dpids.add((await next()).dpid);
    }
    expect([...dpids]).toEqual([1n, 2n, 3n]);
  });

  it('refuses a peer that speaks another version, and says so', async () => {
    const { reason, options } = refusal();
    const { listener } = await listening(options);
    const peer = peerOf(listener);
    peer.send({ type: 'hello', versions: [1, 5] });
    expect(await peer.answer('error')).toMatchObject({ error_type: 0, code: 0 });
    await once(peer.socket, 'close');
    expect(await reason).toMatch('OpenFlow 1.3 (version 4) is required, the peer speaks 1, 5');
  });

  it.each([
    ['does not greet', ''],
    ['begins with something else', '0414000800000001'],
    ['sends what is no message', '0400000100000001'],
    ['sends an unreadable greeting', '0400000c0000000100010002'],
    ['goes away', undefined],
  ])('refuses a peer that %s', async (_, bytes) => {
    const { reason, options } = refusal();
    const { listener } = await listening(options);
    const peer = peerOf(listener);
    await once(peer.socket, 'connect');
    if (bytes === undefined) peer.socket.destroy();
    else peer.socket.write(Buffer.from(bytes, 'hex'));
    expect(await reason).toMatch('tcp:127.0.0.1:');
  });

  it('gives each request its answer, in whatever order they come', async () => {
    const { peer, connection } = await connected();
    const [role, barrier] = [connection.request({ type: 'role_request', role: 'nochange' }), connection.barrier()];
    await peer.answer('barrier_request', { type: 'barrier_reply' });
    await peer.answer('role_request', { type: 'role_reply', role: 'equal', generation_id: 0n });
    await barrier;
    expect(await role).toMatchObject({ role: 'equal' });
  });

  it('joins the parts of a reply', async () => {
    const { peer, connection } = await connected();
    const port = { hw_addr: 1, name: 'p', config: 0, state: 0, current: 0, advertised: 0, supported: 0, peer: 0 };
    const part = (number: number, flags: number): Message => ({
      type: 'multipart_reply',
      flags,
      body: { type: 'port_desc', entries: [{ ...port, port: number, current_speed: 0, max_speed: 0 }] },
    });
    const ports = connection.ports();
    await peer.answer('multipart_request', part(1, 1), part(2, 0));
    expect((await ports).map(({ port: number }) => number)).toEqual([1, 2]);
  });

  it('throws the error that answers a request, by name', async () => {
    const { peer, connection } = await connected();
    const role = connection.request({ type: 'role_request', role: 'slave' });
    role.catch(() => {});
    await peer.answer('role_request', { type: 'error', error_type: 11, code: 0, data: new Uint8Array(0) });
    await expect(role).rejects.toThrow(new SwitchError('role_request', 'role_request_failed / stale'));
  });

  it('stops waiting when told to', async () => {
    const { connection } = await connected();
    const stop = new AbortController();
    const answer = connection.request({ type: 'barrier_request' }, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
  });

  it('throws in every request when the peer goes', async () => {
    const { peer, connection } = await connected();
    const barrier = connection.barrier();
    barrier.catch(() => {});
    await peer.answer('barrier_request');
    peer.socket.destroy();
    await expect(barrier).rejects.toThrow(`connection to ${connection.peer} closed`);
    await connection.closed;
    await expect(connection.barrier()).rejects.toThrow('closed');
    await expect(connection.sendBytes([Buffer.alloc(8)])).rejects.toThrow('closed');
  });

  it('throws in requests that come while it closes, and closes in order', async () => {
    const { connection } = await connected();
    const reasons: unknown[] = [];
    connection.on('close', (reason) => reasons.push(reason));
    const closing = connection.close();
    await expect(connection.request({ type: 'barrier_request' })).rejects.toThrow(/ is closed$/);
    connection.send({ type: 'barrier_request' });
    await closing;
    expect(reasons).toEqual([undefined]);
  });

  it('reports what it cannot read and lives on', async () => {
    const { peer, connection } = await connected();
    const error = new Promise((resolve) => connection.on('error', resolve));
    peer.socket.write(Buffer.from('040c000900000000ff', 'hex'));
    expect(await error).toBeInstanceOf(DecodeError);
    const barrier = connection.barrier();
    await peer.answer('barrier_request', { type: 'barrier_reply' });
    await barrier;
  });

  it('reports errors that nobody waits for', async () => {
    const { peer, connection } = await connected();
    const error = new Promise<Error>((resolve) => connection.on('error', resolve));
    const flowMod = encodeMessage({ type: 'flow_mod', command: 'add', table: 0 }, 0);
    peer.send({ type: 'error', error_type: 5, code: 1, data: flowMod }, 99);
    expect((await error).message).toBe('flow_mod refused: flow_mod_failed / table_full');
  });

  it('ends, with the reason, when a header cannot be right', async () => {
    const { peer, connection } = await connected();
    const reason = new Promise<Error | undefined>((resolve) => connection.on('close', resolve));
    peer.socket.write(Buffer.from('0400000400000001', 'hex'));
    expect((await reason)?.message).toMatch('a message of 4 bytes');
  });

  it('keeps a handler that throws to itself', async () => {
    const { peer, connection } = await connected();
    const error = new Promise<Error>((resolve) => connection.on('error', resolve));
    connection.on('packetIn', () => {
      throw new Error('a fault of the handler');
    });
    const packets: number[] = [];
    connection.on('packetIn', ({ packet }) => packets.push(packet.length));
    peer.send({
      type: 'packet_in',
      total_len: 3,
      reason: 'action',
      table: 0,
      cookie: 0n,
      match: { in_port: 1 },
      data: new Uint8Array(3),
    });
    expect((await error).message).toBe('a fault of the handler');
    expect(packets).toEqual([3]);
  });

  it('gives the fault of a handler to its maker where nobody listens for errors', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const { peer, connection } = await connected({ onFault: resolve });
    connection.on('packetIn', async () => {
      throw new Error('later');
    });
    peer.send({ type: 'packet_in2', packet: new Uint8Array(3) });
    expect(await promise).toEqual(new Error('later'));
  });

  it('answers echo requests', async () => {
    const { peer } = await connected();
    peer.send({ type: 'echo_request', data: Uint8Array.of(1, 2) }, 7);
    expect(await peer.answer('echo_reply')).toMatchObject({ data: Buffer.from([1, 2]) });
  });

  it('gives up a peer that is silent, and keeps one that answers', async () => {
    const { peer, connection } = await connected({ echoIntervalMs: 30 });
    for (let i = 0; i < 3; i++) await peer.answer('echo_request', { type: 'echo_reply', data: new Uint8Array(0) });
    const reason = await new Promise<Error | undefined>((resolve) => connection.on('close', resolve));
    expect(reason?.message).toMatch('no answer to an echo');
  });

  it('does not commit a bundle of which a message was refused', async () => {
    const { peer, connection } = await connected();
    const good = encodeMessage({ type: 'flow_mod', command: 'add', table: 0 }, 0);
    const bundle = connection.bundle([good, good, good], { atomic: true, ordered: true });
    bundle.catch(() => {});
    const reply = (control: 'open_reply' | 'close_reply' | 'discard_reply'): Message => ({
      type: 'bundle_control',
      bundle: 1,
      control,
    });
    await peer.answer('bundle_control', reply('open_reply'));
    await peer.answer('bundle_add');
    await peer.answer('bundle_add', { type: 'error', error_type: 2, code: 4, data: good });
    await peer.answer('bundle_add');
    expect(await peer.answer('bundle_control', reply('close_reply'))).toMatchObject({ control: 'close_request' });
    expect(await peer.answer('bundle_control', reply('discard_reply'))).toMatchObject({ control: 'discard_request' });
    await expect(bundle).rejects.toThrow('bundle of 3 refused: flow_mod 1: bad_action / bad_out_port');
  });

  it('waits where the peer does not read, and sends everything in the end', async () => {
    const { peer, connection } = await connected();
    peer.socket.pause();
    const message = encodeMessage({ type: 'echo_reply', data: new Uint8Array(50_000) }, 0);
    let sent = false;
    const sending = connection.sendBytes(Array.from({ length: 400 }, () => Buffer.from(message))).then(() => {
      sent = true;
    });
    // Where it does not wait it is done within a turn of the event loop.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toBe(false);
    peer.socket.resume();
    await sending;
    const barrier = connection.barrier();
    await peer.answer('barrier_request', { type: 'barrier_reply' });
    await barrier;
    expect(peer.received.filter(({ message: { type } }) => type === 'echo_reply')).toHaveLength(400);
  });
});
