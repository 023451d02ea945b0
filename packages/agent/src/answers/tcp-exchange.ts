import { connect } from 'node:net';
import type { NoAnswer } from '@openvnet/compiler';
import { firstSize, lengthFirst, withoutLength } from '@openvnet/packet';
import { type AttemptLimits, attempt } from './attempt.ts';
import type { Asked } from './udp-exchange.ts';

/** Limit of bytes from a server before an accepted answer: two of the longest messages with their prefixes. */
const mostBytes = 2 * (2 + 0xffff);

/** Queries a server over TCP from the host's own network, and returns the first accepted answer. */
export function askOverTcp(
  { server, port, message, accept }: Asked,
  limits: AttemptLimits,
): Promise<Buffer | NoAnswer> {
  return attempt(limits, ({ settle, step, closing }) => {
    const socket = connect({ host: server, port });
    closing(() => socket.destroy());
    const failed = (): void => settle('server unreachable');
    socket.on('error', failed);
    socket.on('close', failed);
    let held = Buffer.alloc(0);
    let received = 0;
    const heard = (bytes: Buffer): void => {
      received += bytes.length;
      held = Buffer.concat([held, bytes]);
      for (let size = firstSize(held); size !== undefined && size <= held.length; size = firstSize(held)) {
        const answer = withoutLength(held.subarray(0, size));
        if (accept(answer)) {
          settle(answer);
          return;
        }
        held = held.subarray(size);
      }
      if (received > mostBytes) settle('server answers are invalid');
    };
    socket.on('data', step(heard));
    const connected = (): void => void socket.write(lengthFirst(message));
    socket.on('connect', step(connected));
  });
}
