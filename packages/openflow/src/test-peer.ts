/** Peers of connections, for tests. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Framer } from './framer.ts';
import { decodeMessage, encodeMessage, type Message } from './messages.ts';

export const features = { n_buffers: 0, n_tables: 254, auxiliary_id: 0, capabilities: 0 };

/** The peer of a connection, scripted by a test. */
export class Peer {
  readonly socket: Socket;
  readonly received: { message: Message; xid: number }[] = [];
  #arrived = Promise.withResolvers<void>();

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('error', () => {});
    const framer = new Framer((bytes) => {
      this.received.push(decodeMessage(bytes));
      this.#arrived.resolve();
      this.#arrived = Promise.withResolvers();
    });
    this.socket.on('data', (chunk: Buffer) => framer.push(chunk));
  }

  send(message: Message, xid = 0): void {
    this.socket.write(encodeMessage(message, xid));
  }

  /** Waits for a message of this type and answers it. */
  async answer(type: Message['type'], ...answers: Message[]): Promise<Message> {
    for (;;) {
      const found = this.received.findIndex(({ message }) => message.type === type);
      if (found < 0) await this.#arrived.promise;
      else {
        const [{ message, xid }] = this.received.splice(found, 1) as [{ message: Message; xid: number }];
        for (const answer of answers) this.send(answer, xid);
        return message;
      }
    }
  }

  async greet(dpid = 1n): Promise<void> {
    this.send({ type: 'hello', versions: [1, 4] });
    await this.answer('hello');
    await this.answer('features_request', { type: 'features_reply', datapath_id: dpid, ...features });
  }
}

/** Listens like a switch; `serve` handles each connection. */
export async function serving(serve: (socket: Socket) => void): Promise<AsyncDisposable & { readonly target: string }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    target: `tcp:127.0.0.1:${typeof address === 'object' ? address?.port : undefined}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Performs the handshake of a switch and is then silent. */
export function greetAsSwitch(socket: Socket): void {
  const framer = new Framer((bytes) => {
    const { message, xid } = decodeMessage(bytes);
    if (message.type === 'hello') socket.write(encodeMessage({ type: 'hello' }, xid));
    if (message.type !== 'features_request') return;
    socket.write(encodeMessage({ type: 'features_reply', datapath_id: 1n, ...features }, xid));
  });
  socket.on('data', (chunk: Buffer) => framer.push(chunk));
}
