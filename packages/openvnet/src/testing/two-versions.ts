/** One host on which manager and agent are programs of either version: of this tree, or of the last release. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { address, calls, dpid, echo, hasSettled, ordered, until, Wires } from '@openvnet/agent/testing';
import { PrivateSwitch } from '@openvnet/lab';
import { thisTree, unpackLastRelease } from './release.ts';

export type Version = 'this' | 'last';
type Program = 'manager' | 'agent';

export class TwoVersions implements AsyncDisposable {
  readonly vswitch: PrivateSwitch;
  readonly wires: Wires;
  readonly #trees: Readonly<Record<Version, string>>;
  readonly #directory = mkdtempSync(join(tmpdir(), 'openvnet-versions-'));
  readonly #running = new Map<Program, ChildProcess>();
  readonly #port: number;

  private constructor(vswitch: PrivateSwitch, last: string, port: number) {
    this.vswitch = vswitch;
    this.wires = new Wires(this);
    this.#trees = { this: thisTree, last };
    this.#port = port;
  }

  /** With the topology of the field report in effect, by programs of these versions. */
  static async start(versions: Readonly<Record<Program, Version>>): Promise<TwoVersions> {
    const last = unpackLastRelease();
    const host = new TwoVersions(await PrivateSwitch.start({ dummy: true }), last, await freePort());
    try {
      await host.vswitch.addBridge({ name: 'br0', datapathId: dpid, failMode: 'standalone' });
      for (const n of [1, 2, 3, 4, 5, 6]) await host.wires.plug(`if-veth${n}`, n);
      await host.run('manager', versions.manager);
      await host.run('agent', versions.agent);
      for (const call of ordered(calls)) await call.run(host);
      await host.settled();
      return host;
    } catch (error) {
      await host[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts a program of a version in place of the one that runs, with what that has left on the disk. */
  async run(program: Program, version: Version): Promise<void> {
    await this.#end(program);
    const listen = `127.0.0.1:${this.#port}`;
    const words = {
      manager: ['--listen', listen, '--store', join(this.#directory, 'store.db')],
      agent: [
        ...['--manager', `http://${listen}`, '--openflow', '127.0.0.1:0', '--ovsdb', this.vswitch.ovsdb],
        ...['--state', join(this.#directory, 'agent'), '--node-id', 'node1'],
      ],
    };
    const log = openSync(this.#log(program), 'a');
    const main = join(this.#trees[version], 'packages', program, 'src', 'main.ts');
    const node = ['--disable-warning=ExperimentalWarning', main];
    this.#running.set(program, spawn(process.execPath, [...node, ...words[program]], { stdio: ['ignore', log, log] }));
    if (program === 'manager') await until(() => this.api('GET', '/status').then(() => true, String));
  }

  /** A call of the API with a form as its body; throws what is refused. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  async api(method: string, path: string, form?: Readonly<Record<string, string>>): Promise<any> {
    const body = form && new URLSearchParams(form);
    const answer = await fetch(`http://127.0.0.1:${this.#port}/api/1.0${path}`, { method, ...(body && { body }) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  /** Waits until the manager says that the switch has acknowledged everything. */
  async settled(): Promise<void> {
    await until(async () => {
      const status = await this.api('GET', '/status');
      return hasSettled(status) || `${JSON.stringify(status)}\n${this.said('manager')}\n${this.said('agent')}`;
    });
  }

  /** The lines that a program has logged, whatever its version. */
  said(program: Program): string {
    return readFileSync(this.#log(program), 'utf8');
  }

  /** Which ports hear an echo request of guest 1 to guest 2 of its network, and to guest 3 behind the router. */
  async reached(): Promise<{ switched: string[]; routed: string[] }> {
    const [one, two, three, gateway] = [guest(1), guest(2), guest(3), 0x525400_740000];
    const heard = async (frame: Buffer) => Object.keys(await this.wires.send('if-veth1', frame));
    return { switched: await heard(echo(one, two)), routed: await heard(echo(one, { ...three, mac: gateway })) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('agent');
    await this.#end('manager');
    await this.vswitch[Symbol.asyncDispose]();
    rmSync(this.#directory, { recursive: true, force: true });
    rmSync(this.#trees.last, { recursive: true, force: true });
  }

  #log(program: Program): string {
    return join(this.#directory, `${program}.log`);
  }

  async #end(program: Program): Promise<void> {
    const running = this.#running.get(program);
    this.#running.delete(program);
    if (!running || running.exitCode !== null || !running.kill()) return;
    await once(running, 'exit');
  }
}

function guest(n: number) {
  return { mac: 0x525400_0d8400 + n, ip: address(`172.16.${n < 3 ? 1 : 2}.${n}`) };
}

/** A port of loopback that nobody listens at: the manager has to come back at the same. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
