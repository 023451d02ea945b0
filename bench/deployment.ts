import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { openStore } from '../packages/store/src/index.ts';
import { Program } from './programs.ts';
import { ScaleSwitch } from './scale-switch.ts';
import { datapathUuid, node, register } from './topology.ts';

interface Answer {
  readonly revision: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers have many shapes
  readonly body: any;
}

const patienceSeconds = 60;
const formType = 'application/x-www-form-urlencoded';
export const datapath = `/datapaths/${datapathUuid}`;

/**
 * The programs as they run in service, with a topology of so many ports in a store on disk, all of it in the switch. The
 * store is filled before the manager starts, by the store's own transactions; `spare` ports nobody is at yet.
 */
export class Deployment implements AsyncDisposable {
  readonly ports: number;
  readonly vswitch: ScaleSwitch;
  readonly manager: Program;
  agent: Program;
  readonly #http = new Agent({ keepAlive: true });
  readonly #url: URL;

  private constructor(parts: { ports: number; vswitch: ScaleSwitch; manager: Program; url: string }) {
    this.ports = parts.ports;
    this.vswitch = parts.vswitch;
    this.manager = parts.manager;
    this.#url = new URL(parts.url);
    this.agent = this.#newAgent();
  }

  static async start(ports: number, spare = 0): Promise<Deployment> {
    const deployment = await Deployment.#start(ports, spare, (store) => fill(store, ports));
    await deployment.inEffect(datapath);
    return deployment;
  }

  /** With so many ports and an empty store. */
  static empty(ports: number): Promise<Deployment> {
    return Deployment.#start(ports, 0, async () => {});
  }

  static async #start(ports: number, spare: number, prepare: (store: string) => Promise<void>): Promise<Deployment> {
    await using stack = new AsyncDisposableStack();
    const vswitch = stack.use(await ScaleSwitch.start(ports + spare));
    const store = join(vswitch.real.runDirectory, 'store.db');
    await prepare(store);
    const manager = stack.use(new Program('vnmgr', ['--listen', '127.0.0.1:0', '--store', store]));
    const { url } = (await manager.said('serving')) as { url: string };
    const deployment = new Deployment({ ports, vswitch, manager, url });
    stack.use(deployment.agent);
    await deployment.agent.said('serving');
    stack.move();
    return deployment;
  }

  async endAgent(): Promise<void> {
    await this.agent[Symbol.asyncDispose]();
  }

  /** Starts the agent again; it has its copy on disk. */
  startAgent(): void {
    this.agent = this.#newAgent();
  }

  /** Waits until an object is in effect, at this revision of the store or a newer one. */
  async inEffect(path: string, revision = 0): Promise<void> {
    const { body } = await this.call('GET', `${path}/status?wait=${patienceSeconds}&revision=${revision}`);
    if (!body.realised) throw new Error(`not in effect after ${patienceSeconds} s: ${JSON.stringify(body)}`);
  }

  get url(): string {
    return this.#url.origin;
  }

  /** A request with a form as body; throws for what is refused. */
  call(method: 'GET' | 'POST' | 'PUT', path: string, form?: Readonly<Record<string, string>>): Promise<Answer> {
    return this.#request(method, path, form && new URLSearchParams(form).toString(), formType);
  }

  /** A whole topology, as the text of a JSON document. */
  apply(document: string): Promise<Answer> {
    return this.#request('POST', '/apply', document, 'application/json');
  }

  #request(method: string, path: string, body: string | undefined, type: string): Promise<Answer> {
    const { hostname, port } = this.#url;
    const headers = body ? { 'content-type': type, 'content-length': Buffer.byteLength(body) } : {};
    return new Promise((resolve, reject) => {
      const options = { hostname, port, method, path: `/api/1.0${path}`, headers, agent: this.#http };
      const asked = request(options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => {
          const revision = Number(response.headers['x-openvnet-revision']);
          if (response.statusCode === 200) resolve({ revision, body: JSON.parse(text) });
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
        });
      });
      asked.on('error', reject).end(body);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.destroy();
    await this.agent[Symbol.asyncDispose]();
    await this.manager[Symbol.asyncDispose]();
    await this.vswitch[Symbol.asyncDispose]();
  }

  #newAgent(): Program {
    const state = join(this.vswitch.real.runDirectory, 'agent');
    const where = ['--manager', this.#url.origin, '--ovsdb', this.vswitch.ovsdb, '--openflow', '127.0.0.1:0'];
    return new Program('vna', [...where, '--state', state, '--node-id', node]);
  }
}

async function fill(path: string, ports: number): Promise<void> {
  await using store = await openStore(path);
  await register(store, ports);
}
