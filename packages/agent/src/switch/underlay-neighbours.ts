/**
 * The userspace datapath of Open vSwitch sends encapsulated frames itself, and knows the MAC addresses of other hosts from a table
 * of its own. It fills that from ARP replies and neighbour advertisements that pass while it has tunnel ports, and drops the first
 * frames to a host that it does not know. So each new host is looked up in the kernel's table, and told to Open vSwitch.
 */
import { execFile } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Compiler } from '@openvnet/compiler';
import { askDaemon } from '@openvnet/ovsdb';

/** How often hosts are told again: Open vSwitch forgets an entry after 15 minutes. */
const againMs = 600_000;
/** Waits for the kernel to resolve an address, milliseconds. */
const waitsMs = [20, 50, 100, 200, 500, 1000, 2000];
/** Whoever receives a datagram there ignores it. RFC 863. */
const discardPort = 9;

const run = promisify(execFile);

export class UnderlayNeighbours implements Disposable {
  readonly #directory: string;
  readonly #sockets: { readonly 4: Socket; readonly 6: Socket };
  readonly #timer: NodeJS.Timeout;
  readonly #stop = new AbortController();
  /** What is being looked up, one address after another. */
  #work: Promise<void> = Promise.resolve();

  /** `directory` holds the control socket of `ovs-vswitchd`. */
  constructor(compiler: Pick<Compiler, 'watch' | 'relations'>, directory: string) {
    this.#directory = directory;
    const open = (type: 'udp4' | 'udp6'): Socket =>
      createSocket(type)
        .on('error', () => {})
        .unref();
    this.#sockets = { 4: open('udp4'), 6: open('udp6') };
    compiler.watch('peer', (_, row) => row && this.#tellSoon(row.address));
    this.#timer = setInterval(() => {
      for (const { address } of compiler.relations.peer.rows()) this.#tellSoon(address);
    }, againMs).unref();
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
    clearInterval(this.#timer);
    this.#sockets[4].close();
    this.#sockets[6].close();
  }

  /** Asks for all new addresses at once, and then tells what came of it. A host that does not answer is asked again later. */
  #tellSoon(address: string): void {
    const version = isIP(address);
    if (version !== 4 && version !== 6) return;
    this.#sockets[version].send('', discardPort, address, () => {});
    this.#work = this.#work.then(() => this.#tell(address)).catch(() => {});
  }

  async #tell(address: string): Promise<void> {
    const { signal } = this.#stop;
    for (const waitMs of waitsMs) {
      if (signal.aborted) return;
      const found = await this.#lookUp(address);
      if (found) {
        const daemon = { directory: this.#directory, daemon: 'ovs-vswitchd' };
        await askDaemon(daemon, 'tnl/neigh/set', [found.device, found.nextHop, found.mac]);
        return;
      }
      await sleep(waitMs, undefined, { signal });
    }
  }

  /** By which device and next hop the kernel sends to an address, and the MAC address of the next hop if it is known. */
  async #lookUp(address: string): Promise<{ device: string; nextHop: string; mac: string } | undefined> {
    const ip = async (...args: string[]): Promise<Record<string, string>[]> =>
      JSON.parse((await run('ip', ['-j', ...args], { timeout: 5000 })).stdout || '[]');
    const [route] = await ip('route', 'get', address);
    if (!route?.dev) return undefined;
    const nextHop = route.gateway ?? address;
    const [neighbour] = await ip('neigh', 'show', nextHop, 'dev', route.dev);
    return neighbour?.lladdr === undefined ? undefined : { device: route.dev, nextHop, mac: neighbour.lladdr };
  }
}
