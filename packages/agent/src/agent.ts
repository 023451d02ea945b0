import { join } from 'node:path';
import type { Logger } from 'pino';
import { FeedClient, type Says } from './feed/client.ts';
import { Questions } from './feed/questions.ts';
import { Reporter } from './feed/reporter.ts';
import { Slice, type SliceMessage } from './feed/slice.ts';
import { SliceFile } from './feed/slice-file.ts';
import { Underlay, type UnderlayOptions } from './feed/underlay.ts';
import { makeStateDirectory } from './state-directory.ts';
import { Switches } from './switch/switches.ts';

const version = '0.1.0';

export interface AgentOptions {
  /** `http://host:port` of the manager. */
  readonly manager: string;
  readonly openflow: { readonly host: string; readonly port: number };
  readonly ovsdb: string;
  /** Directory of the agent's own files. */
  readonly state: string;
  readonly node: string;
  /** The address to which other hosts send; by default that from which the manager is reached. */
  readonly tunnelAddress?: string | undefined;
  /** The addresses of its host, where they are not those of this machine. */
  readonly addresses?: UnderlayOptions['addresses'];
  /** What it says of itself, where that is not of this program and machine. */
  readonly says?: Says;
  readonly log: Logger;
}

/** The agent of one host: programs its switches according to its part of the model. */
export class Agent {
  readonly slice = new Slice();
  readonly switches: Switches;
  readonly #file: SliceFile;
  readonly #reporter: Reporter;
  readonly #underlay: Underlay;
  readonly #options: AgentOptions;
  #feed: FeedClient | undefined;

  /** Throws `StartError` if its directory cannot be used. */
  constructor(options: AgentOptions) {
    this.#options = options;
    const { log, ovsdb, openflow, node, state } = options;
    makeStateDirectory(state);
    this.#file = new SliceFile(join(state, 'slice.jsonl'), log);
    this.switches = new Switches({
      ovsdb,
      openflow,
      node,
      log,
      slice: this.slice,
      onChange: () => this.#reporter.touch(),
    });
    const { tunnelAddress, addresses } = options;
    this.#underlay = new Underlay({ tunnelAddress, addresses, onChange: () => this.#reporter.touch() });
    this.#reporter = new Reporter({
      slice: this.slice,
      switches: this.switches,
      underlay: this.#underlay,
      send: (message) => this.#feed?.send(message) ?? false,
      log,
    });
  }

  /** Serves the copy on disk first, then the model of the manager. */
  async start(): Promise<void> {
    const { manager, node, log, ovsdb, says = {} } = this.#options;
    const questions = new Questions(this.switches, ovsdb);
    this.#readCopy();
    if (this.slice.position)
      log.info({ revision: this.slice.revision }, 'serving from the copy on disk until the manager answers');
    await this.switches.start();
    log.info({ node, manager, openflow: this.#options.openflow, ovsdb }, 'serving');
    this.#feed = new FeedClient({
      manager,
      node,
      says: { version, ...says },
      log,
      copy: () => this.slice.position,
      heard: () => this.#file.heard(),
      onSlice: (message, text) => this.#take(message, text),
      onQuestion: (question) => questions.answer(question),
      onOpen: (address) => {
        this.#reporter.tellPorts(false);
        this.#underlay.connectedFrom(address);
      },
      onUp: () => this.#reporter.restart(),
      onSlices: () => {
        this.#reporter.tellPorts(true);
        this.#reporter.restart();
      },
    });
  }

  async close(): Promise<void> {
    this.#feed?.close();
    this.#underlay[Symbol.dispose]();
    await this.switches.close();
    this.#file.close();
  }

  #take(message: SliceMessage, text: string): void {
    const before = this.slice.position;
    this.slice.apply(message);
    // Revisions of another store, or of another history of this one, are not comparable.
    if (before && message.type === 'snapshot') {
      for (const served of this.switches.served()) served.revision = null;
    }
    this.switches.update();
    this.#reporter.touch();
    this.#file.write(message, text, () => this.slice.snapshot());
  }

  #readCopy(): void {
    try {
      for (const message of this.#file.read()) this.slice.apply(message);
    } catch (error) {
      this.#options.log.error({ err: error }, 'the copy on disk cannot be used; the switches keep their flows');
      this.slice.clear();
    }
  }
}
