/** The handshake of a connection: hello, features, and the form of packets in. OpenFlow 1.3.5, 6.3.1. */
import type { Socket } from 'node:net';
import { configuration } from './configuration.ts';
import { type ConnectionOptions, connectionListeners, dispatcher, SwitchConnection, unreadable } from './connection.ts';
import { ConnectionError, errorReason, VersionError } from './errors.ts';
import { decodeMessage, encodeMessage, type Message, openflow13 } from './messages.ts';
import { Transport } from './transport.ts';

const defaultEchoIntervalMs = 5000;
const packetInFormat = 2;

/**
 * Performs the handshake with the switch at `socket`. Throws `ConnectionError` if it speaks another version, does not
 * answer, or `signal` aborts; the socket is closed then.
 */
export async function greet(
  socket: Socket,
  peer: string,
  options: ConnectionOptions & { readonly signal?: AbortSignal },
): Promise<SwitchConnection> {
  const { echoIntervalMs = defaultEchoIntervalMs, signal } = options;
  const listeners = connectionListeners(options.onFault);
  const transport = new Transport(socket, peer, {
    receive: dispatcher(listeners),
    unreadable: unreadable(listeners),
    fault: options.onFault ?? (() => {}),
    echoIntervalMs,
  });
  const stop = (): void => transport.destroy('the connection is no longer needed', signal?.reason);
  signal?.addEventListener('abort', stop, { once: true });
  const timer = setTimeout(() => transport.destroy(`no hello within ${echoIntervalMs} ms`), echoIntervalMs);
  try {
    await exchangeHello(transport);
    const features = await askFeatures(transport);
    transport.send({ type: 'set_config', ...configuration });
    transport.send({ type: 'set_packet_in_format', format: packetInFormat });
    return new SwitchConnection(transport, listeners, features);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

async function exchangeHello(transport: Transport): Promise<void> {
  const answer = new Promise<Buffer>((resolve) => {
    transport.first = resolve;
  });
  transport.send({ type: 'hello', versions: [openflow13] });
  const bytes = await Promise.race([answer, closedInstead(transport)]);
  const refuse = (why: string, Failure = ConnectionError): never => {
    transport.end(helloFailed(why));
    throw new Failure(`${transport.peer} refused: ${why}`);
  };
  let received: ReturnType<typeof decodeMessage>;
  try {
    received = decodeMessage(bytes);
  } catch (error) {
    return refuse(`its hello cannot be read: ${(error as Error).message}`);
  }
  const { message, version } = received;
  if (message.type === 'error') return refuse(`it answered ${errorReason(message)}`);
  if (message.type !== 'hello') return refuse(`its first message was ${message.type}, not hello`);
  const speaks = message.versions === undefined ? version >= openflow13 : message.versions.includes(openflow13);
  if (!speaks)
    refuse(
      `OpenFlow 1.3 (version 4) is required, the peer speaks ${message.versions?.join(', ') ?? version}`,
      VersionError,
    );
}

function helloFailed(why: string): Buffer {
  return encodeMessage({ type: 'error', error_type: 0, code: 0, data: Buffer.from(why, 'latin1') }, 0);
}

async function askFeatures(transport: Transport): Promise<SwitchConnection['features']> {
  const reply = await new Promise<Message>((resolve, reject) => {
    transport.ask(
      { type: 'features_request' },
      {
        fail: reject,
        accept: (bytes) => {
          resolve(decodeMessage(bytes).message);
          return true;
        },
      },
    );
  });
  if (reply.type !== 'features_reply') {
    transport.end();
    throw new ConnectionError(`${transport.peer} answered ${reply.type} to a features request`);
  }
  const { type: _, ...features } = reply;
  return features;
}

async function closedInstead(transport: Transport): Promise<never> {
  const reason = await transport.closed;
  throw reason ?? new ConnectionError(`${transport.peer} closed the connection before its hello`);
}
