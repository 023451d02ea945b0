/** A manager in this process for tests, and short words for what they ask of it. */
import { once } from 'node:events';
import type { Question, Refused, ToAgent, ToManager } from '@openvnet/model';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { type Manager, type ManagerOptions, startManager } from './start.ts';

export interface Answered {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface TestManager extends Manager {
  /** A request with a form as body, as curl sends it; the path is below `/api/1.0` unless it is whole. */
  call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, form?: Record<string, string>): Promise<Answered>;
  /** As `call`, for what must succeed: gives the answer. */
  done(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    form?: Record<string, string>,
  ): Promise<Answered['body']>;
}

export async function testManager(options: Partial<ManagerOptions> = {}): Promise<TestManager> {
  const manager = await startManager({
    listen: { host: '127.0.0.1', port: 0 },
    store: 'memory',
    logger: pino({ level: 'silent' }),
    ...options,
  });
  const call: TestManager['call'] = async (method, path, form) => {
    const answer = await manager.app.inject({
      method,
      url: path.startsWith('/api') ? path : `/api/1.0${path}`,
      ...(form && {
        payload: new URLSearchParams(form).toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
    });
    const isJson = String(answer.headers['content-type']).startsWith('application/json');
    return { status: answer.statusCode, body: isJson ? answer.json() : answer.body, headers: answer.headers };
  };
  return {
    ...manager,
    call,
    async done(method, path, form) {
      const { status, body } = await call(method, path, form);
      if (status !== 200) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`);
      return body;
    },
  };
}

/** The experiments' first network with two guests and its gateway. */
export async function registerNetwork({ done }: TestManager): Promise<void> {
  await done('POST', '/datapaths', {
    uuid: 'dp-br0',
    display_name: 'br0',
    dpid: '0x000002fdee8e0a44',
    node_id: 'node1',
  });
  await done('POST', '/networks', { uuid: 'nw-net1', display_name: 'net1', ipv4_network: '172.16.1.0' });
  for (const [uuid, end, mode] of [
    ['if-veth1', '1', 'vif'],
    ['if-veth2', '2', 'vif'],
    ['if-gw', '254', 'simulated'],
  ] as const) {
    const mac_address = `52:54:00:0d:84:${Number(end).toString(16).padStart(2, '0')}`;
    await done('POST', '/interfaces', {
      uuid,
      mode,
      network_uuid: 'nw-net1',
      ipv4_address: `172.16.1.${end}`,
      mac_address,
    });
  }
}

/** An agent that says what a test tells it to. */
export interface TestAgent extends Disposable {
  readonly socket: WebSocket;
  /** What it answers when it is asked for refused frames; undefined for no answer. */
  refused: Refused | undefined;
  /** What it answers to any other question. */
  answers: (question: Question) => unknown;
  say(message: ToManager): void;
  /** The next message of the manager that was not looked at yet. */
  next(): Promise<ToAgent>;
  /** Code and reason of the end of the connection. */
  ended(): Promise<[code: number, reason: string]>;
}

export const hello = { type: 'hello', node: 'node1', version: '0.1.0', hostname: 'host1', pid: 1 } as const;

/** What an agent says that serves the experiments' bridge and has carried out `revision`. */
export function reportOf(revision: number | null, more: object = {}): ToManager {
  const bridge = {
    dpid: '000002fdee8e0a44',
    name: 'br0',
    connection: 'tcp:127.0.0.1:6633',
    problem: null,
    notes: [],
    ports: 2,
    flows: 10,
    revision,
  };
  return { type: 'report', revision: revision ?? 0, problem: null, bridges: [bridge], ...more };
}

/** Connects an agent, from another address of this machine where `from` is given, and lets it say its first message. */
export async function testAgent(url: string, say?: ToManager, from?: string): Promise<TestAgent> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/feed`, { localAddress: from });
  const received: ToAgent[] = [];
  const waiting: ((message: ToAgent) => void)[] = [];
  const end = once(socket, 'close').then(([code, reason]) => [code as number, String(reason)] as [number, string]);
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as ToAgent;
    if (message.type === 'ask') {
      const { ask, question } = message;
      const answer = question.about === 'refused' ? agent.refused : agent.answers(question);
      if (answer) agent.say({ type: 'answer', ask, answer });
      return;
    }
    const next = waiting.shift();
    if (next) next(message);
    else received.push(message);
  });
  // Whoever does not ask how it ended does not want to know.
  end.catch(() => undefined);
  await once(socket, 'open');
  const agent: TestAgent = {
    socket,
    refused: [],
    answers: ({ about }) => (about === 'packets' ? { answered: 0, limited: 0, counts: {} } : []),
    say: (message) => socket.send(JSON.stringify(message)),
    next: () => {
      const first = received.shift();
      return first ? Promise.resolve(first) : new Promise((resolve) => waiting.push(resolve));
    },
    ended: () => end,
    [Symbol.dispose]: () => socket.terminate(),
  };
  if (say) agent.say(say);
  return agent;
}
