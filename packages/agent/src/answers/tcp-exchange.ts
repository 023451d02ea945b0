import { connect } from 'node:net';
import { firstSize, lengthFirst, withoutLength } from '@openvnet/packet';

/** An exchange under way: `end` gives it up, and then it gives nothing. */
export interface TcpExchange {
  readonly answer: Promise<Buffer | undefined>;
  readonly end: () => void;
}

/** Asks a server over TCP, from the host's own network, and gives the first answer that is accepted before `ms` are over. */
export function askOverTcp(
  { host, port, ms }: { host: string; port: number; ms: number },
  message: Uint8Array,
  accept: (answer: Buffer) => boolean,
): TcpExchange {
  const socket = connect({ host, port });
  let end: () => void = () => {};
  const answer = new Promise<Buffer | undefined>((resolve) => {
    const settle = (found?: Buffer): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(found);
    };
    end = settle;
    const timer = setTimeout(settle, ms);
    let held = Buffer.alloc(0);
    socket.on('error', () => settle());
    socket.on('close', () => settle());
    socket.on('data', (bytes: Buffer) => {
      held = Buffer.concat([held, bytes]);
      for (let size = firstSize(held); size !== undefined && size <= held.length; size = firstSize(held)) {
        const found = withoutLength(held.subarray(0, size));
        if (accept(found)) {
          settle(found);
          return;
        }
        held = held.subarray(size);
      }
    });
    socket.on('connect', () => socket.write(lengthFirst(message)));
  });
  return { answer, end: () => end() };
}
