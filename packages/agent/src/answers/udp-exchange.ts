import { createSocket } from 'node:dgram';
import type { NoAnswer } from '@openvnet/compiler';
import { type AttemptLimits, attempt } from './attempt.ts';

/** Whom to ask what, and which answer counts. */
export interface Asked {
  readonly server: string;
  readonly port: number;
  readonly message: Uint8Array;
  readonly accept: (answer: Buffer) => boolean;
}

/** Answers that do not count until the server is given up: somebody guesses, or the server has lost its way. */
const mostWrong = 100;

/**
 * Asks a server over UDP, from the host's own network, and gives the first answer that is accepted. The socket serves this
 * question only, so that nobody can guess its port.
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
    // Without callbacks of their own, connecting and sending fail with this event.
    socket.on('error', failed);
    socket.on('close', failed);
    const heard = (answer: Buffer): void => {
      if (accept(answer)) settle(answer);
      else if (++wrong === mostWrong) settle('server answers wrongly');
    };
    socket.on('message', step(heard));
    const connected = (): void => socket.send(message);
    socket.on('connect', step(connected));
    // Connected, the kernel passes on only what that server sends, and says where it refuses.
    socket.connect(port, server);
  });
}
