/**
 * The userspace datapath of Open vSwitch looks up the MAC addresses of other hosts in a table that it fills from ARP replies and
 * neighbour advertisements, and drops the packets that it cannot send until then. A datagram to each host makes the kernel ask.
 */
import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import type { Compiler } from '@openvnet/compiler';

/** How often hosts are asked again: the table forgets what has not been used for 15 minutes. */
const againMs = 600_000;
/** Whoever receives it ignores it. RFC 863. */
const discardPort = 9;

export class UnderlayNeighbours implements Disposable {
  readonly #sockets: { readonly 4: Socket; readonly 6: Socket };
  readonly #timer: NodeJS.Timeout;

  constructor(compiler: Pick<Compiler, 'watch' | 'relations'>) {
    const open = (type: 'udp4' | 'udp6'): Socket =>
      createSocket(type)
        .on('error', () => {})
        .unref();
    this.#sockets = { 4: open('udp4'), 6: open('udp6') };
    compiler.watch('peer', (_, row) => row && this.#ask(row.address));
    this.#timer = setInterval(() => {
      for (const { address } of compiler.relations.peer.rows()) this.#ask(address);
    }, againMs).unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#sockets[4].close();
    this.#sockets[6].close();
  }

  /** A host that cannot be reached is asked again later. */
  #ask(address: string): void {
    const version = isIP(address);
    if (version === 4 || version === 6) this.#sockets[version].send('', discardPort, address, () => {});
  }
}
