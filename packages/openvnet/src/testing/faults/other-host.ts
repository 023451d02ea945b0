/** A second host beside the first: another machine, as far as its agent says, with a switch and an agent of its own. */
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from '@openvnet/agent';
import { PrivateSwitch } from '@openvnet/lab';
import pino from 'pino';

export interface OtherHostOptions {
  /** `http://host:port` of the manager. */
  readonly manager: string;
  readonly node: string;
  /** The datapath id of its bridge `br0`. */
  readonly dpid: string;
}

export class OtherHost implements AsyncDisposable {
  readonly vswitch: PrivateSwitch;
  readonly #options: OtherHostOptions;
  readonly #state = mkdtempSync(join(tmpdir(), 'openvnet-other-'));
  #agent: Agent | undefined;

  private constructor(vswitch: PrivateSwitch, options: OtherHostOptions) {
    this.vswitch = vswitch;
    this.#options = options;
  }

  static async start(options: OtherHostOptions): Promise<OtherHost> {
    const made = new OtherHost(await PrivateSwitch.start({ dummy: true }), options);
    await made.vswitch.addBridge({ name: 'br0', datapathId: options.dpid, failMode: 'standalone' });
    await made.startAgent();
    return made;
  }

  /** Starts its agent, in place of the one that runs. */
  async startAgent(node = this.#options.node): Promise<void> {
    await this.#agent?.close();
    this.#agent = new Agent({
      manager: this.#options.manager,
      openflow: { host: `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`, port: 6633 },
      ovsdb: this.vswitch.ovsdb,
      state: this.#state,
      node,
      says: { machine: 'b'.repeat(32), hostname: 'host2' },
      log: pino({ level: 'silent' }),
    });
    await this.#agent.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent?.close();
    await this.vswitch[Symbol.asyncDispose]();
    rmSync(this.#state, { recursive: true, force: true });
  }
}
