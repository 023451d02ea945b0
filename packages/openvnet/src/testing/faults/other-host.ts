/** A second host beside the first: another machine, as far as its agent says, with a switch and an agent of its own. */
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, type AgentOptions } from '@openvnet/agent';
import { PrivateSwitch } from '@openvnet/lab';
import pino from 'pino';

export interface OtherHostOptions {
  /** `http://host:port` of the manager. */
  readonly manager: string;
  readonly node: string;
  /** The datapath id of its bridge `br0`. */
  readonly dpid: string;
  readonly addresses?: AgentOptions['addresses'];
  readonly tunnelAddress?: string;
}

/** Starts an agent with a directory of its own, which goes with it. `says` is what it says of its machine. */
export async function startAgent(
  options: Pick<AgentOptions, 'manager' | 'node' | 'ovsdb' | 'says' | 'addresses' | 'tunnelAddress'>,
): Promise<AsyncDisposable> {
  const state = mkdtempSync(join(tmpdir(), 'openvnet-other-'));
  const openflow = { host: `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`, port: 6633 };
  const agent = new Agent({ ...options, openflow, state, log: pino({ level: 'silent' }) });
  await agent.start();
  return {
    [Symbol.asyncDispose]: async () => {
      await agent.close();
      rmSync(state, { recursive: true, force: true });
    },
  };
}

export class OtherHost implements AsyncDisposable {
  readonly vswitch: PrivateSwitch;
  readonly #options: OtherHostOptions;
  #agent: AsyncDisposable | undefined;

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
  async startAgent(more: Partial<Pick<OtherHostOptions, 'node' | 'tunnelAddress'>> = {}): Promise<void> {
    await this.stopAgent();
    const { dpid: _, ...options } = { ...this.#options, ...more };
    const says = { machine: 'b'.repeat(32), hostname: 'host2' };
    this.#agent = await startAgent({ ...options, ovsdb: this.vswitch.ovsdb, says });
  }

  async stopAgent(): Promise<void> {
    await this.#agent?.[Symbol.asyncDispose]();
    this.#agent = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAgent();
    await this.vswitch[Symbol.asyncDispose]();
  }
}
