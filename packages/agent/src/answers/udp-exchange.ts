import { createSocket } from 'node:dgram';
import type { NoAnswer } from '@openvnet/compiler';
import { type AttemptLimits, attempt } from './attempt.ts';

/** The server, the query, and the test for its answer. */
export interface Asked {
  readonly server: string;
  readonly port: number;
  readonly message: Uint8Array;
  readonly accept: (answer: Buffer) => boolean;
}

/** Number of rejected answers after which the server is given up: they are forged, or the server is faulty. */
const mostWrong = 100;

/**
 * Queries a server over UDP from the host's own network, and returns the first accepted answer. Each query has its own
 * socket, so that nobody can guess its port.
 */
export function askOverUdp(
  { server, port, message, accept }: Asked,
  limits: AttemptLimits,
): Promise<Buffer | NoAnswer> {
  return attempt(limits, ({ settle, step, closing }) => {
    const socket = createSocket('udp4');
    closing(() => socket.close());
    const failed = (): void => settle('server unreachable');
    let wrong = 0;
    // Without callbacks, errors of connect and send are emitted as this event.
    socket.on('error', failed);
    socket.on('close', failed);
    const heard = (answer: Buffer): void => {
      if (accept(answer)) settle(answer);
      else if (++wrong === mostWrong) settle('server answers are invalid');
    };
    socket.on('message', step(heard));
    const connected = (): void => socket.send(message);
    socket.on('connect', step(connected));
    // For a connected socket, the kernel passes on only datagrams of that server, and reports ICMP errors.
    socket.connect(port, server);
  });
}
