/**
 * Bounds on what clients of the API can make the manager hold: connections, requests that are slow to come, bodies, and answers
 * that are not read. Whoever has not moved for the longest gives way, so that a few who misbehave do not lock out others.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { Transform } from 'node:stream';
import { ApiError } from '@openvnet/model';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { HeldBytes } from '../held-bytes.ts';

export interface HttpLimits {
  /** Most connections, without those of agents. */
  readonly connections: number;
  /** Most requests of one connection that wait for their answers. */
  readonly pipelined: number;
  /** How long the head of a request may take to come, and all of it, in milliseconds. */
  readonly headMs: number;
  readonly requestMs: number;
  /** How long a connection may stay without a byte in either direction; longer than a request may `wait`. */
  readonly silenceMs: number;
  /** Most bytes of bodies that are being read or worked on, all together. */
  readonly bodyBytes: number;
  /** Most bytes of answers that clients have not read yet, all together. */
  readonly answerBytes: number;
}

export const usualLimits: HttpLimits = {
  connections: 1000,
  pipelined: 8,
  headMs: 10_000,
  requestMs: 30_000,
  silenceMs: 120_000,
  bodyBytes: 80 << 20,
  answerBytes: 64 << 20,
};

/** Bodies that are said to be no larger are not counted: the limit on connections bounds them. */
const smallBytes = 16 << 10;
/** What a part of a body takes at least, however short it is. */
const leastPartBytes = 1024;

/** The limits that the server itself keeps. */
export function serverOptions({ headMs, requestMs, silenceMs }: HttpLimits) {
  const connectionsCheckingInterval = Math.min(1000, headMs, requestMs);
  return {
    requestTimeout: requestMs,
    connectionTimeout: silenceMs,
    http: { headersTimeout: Math.min(headMs, requestMs), connectionsCheckingInterval },
  };
}

export function boundRequests(app: FastifyInstance, limits: HttpLimits): void {
  boundConnections(app, limits);
  boundBodies(app, limits);
  boundAnswers(app, limits);
}

/** Where there are too many, the connection goes that has been without a whole request for the longest. */
function boundConnections(app: FastifyInstance, { connections, pipelined }: HttpLimits): void {
  const open = new Map<Socket, number>();
  const idle = new Set<Socket>();
  const forget = (socket: Socket): void => {
    open.delete(socket);
    idle.delete(socket);
  };
  (app.server as Server).on('connection', (socket: Socket) => {
    open.set(socket, 0);
    idle.add(socket);
    socket.once('close', () => forget(socket));
    if (open.size > connections) idle.values().next().value?.destroy();
  });
  app.server.on('upgrade', ({ socket }: IncomingMessage) => forget(socket));
  app.addHook('onRequest', async ({ raw: { socket } }, reply) => {
    const inHand = open.get(socket);
    if (inHand === undefined) return;
    open.set(socket, inHand + 1);
    reply.raw.once('close', () => {
      if (!open.has(socket)) return;
      open.set(socket, open.get(socket)! - 1);
      if (!socket.destroyed) idle.add(socket);
    });
    if (inHand >= pipelined)
      throw busy(reply, `${pipelined} requests of this connection are waiting for their answers`);
  });
  app.addHook('preHandler', async ({ raw: { socket } }) => void idle.delete(socket));
}

/** Where there are too many bytes, the body of which nothing has come for the longest is given up. */
function boundBodies(app: FastifyInstance, { bodyBytes }: HttpLimits): void {
  const coming = new HeldBytes<IncomingMessage>();
  const inWork = new HeldBytes<IncomingMessage>();
  app.addHook('preParsing', (request, reply, payload, done) => {
    const { raw } = request;
    if (Number(raw.headers['content-length'] ?? Number.POSITIVE_INFINITY) <= smallBytes) return done(null, payload);
    if (raw.headers['content-length'] === undefined && raw.headers['transfer-encoding'] === undefined)
      return done(null, payload);
    const counted = new Transform({
      transform(part: Buffer, _, next) {
        coming.add(raw, Math.max(part.length, leastPartBytes));
        if (coming.total + inWork.total <= bodyBytes) return next(null, part);
        const stalest = coming.stalest()!;
        coming.release(stalest);
        if (stalest === raw) return next(busy(reply, `request bodies exceed ${bodyBytes} bytes in total`));
        stalest.destroy();
        next(null, part);
      },
    });
    payload.on('close', () => payload.readableEnded || counted.destroy(new Error('the request was aborted')));
    reply.raw.once('close', () => {
      coming.release(raw);
      inWork.release(raw);
      counted.destroy();
    });
    done(null, payload.pipe(counted));
  });
  app.addHook('preHandler', async ({ raw }) => {
    const bytes = coming.release(raw);
    if (bytes > 0) inWork.add(raw, bytes);
  });
}

/** Where there are too many bytes, the client that has not read its answer for the longest is given up. */
function boundAnswers(app: FastifyInstance, { answerBytes }: HttpLimits): void {
  const unread = new HeldBytes<FastifyReply['raw']>();
  app.addHook('onSend', async (_, { raw }, payload) => {
    if (typeof payload !== 'string' && !Buffer.isBuffer(payload)) return;
    unread.add(raw, Buffer.byteLength(payload));
    raw.once('close', () => unread.release(raw));
    while (unread.total > answerBytes && unread.stalest() !== raw) {
      const slowest = unread.stalest()!;
      unread.release(slowest);
      slowest.destroy();
    }
  });
}

function busy(reply: FastifyReply, why: string): ApiError {
  reply.headers({ 'retry-after': '1', connection: 'close' });
  return new ApiError('unavailable', `The manager is busy: ${why}; try again`);
}
