import { join } from 'node:path';
import type { Logger } from 'pino';
import { FeedClient } from './feed/client.ts';
import { Questions } from './feed/questions.ts';
import { Reporter } from './feed/reporter.ts';
import { Slice, type SliceMessage } from './feed/slice.ts';
import { SliceFile } from './feed/slice-file.ts';
import { makeStateDirectory } from './state-directory.ts';
import { Switches } from './switch/switches.ts';

export const version = '0.1.0';

export interface AgentOptions {
  /** `http://host:port` of the manager. */
  readonly manager: string;
  readonly openflow: { readonly host: string; readonly port: number };
  readonly ovsdb: string;
  /** Directory of the agent's own files. */
  readonly state: string;
  readonly node: string;
  readonly log: Logger;
}

/** The agent of one host: from its part of the model to flows in its switches. */
export class Agent {
  readonly slice = new Slice();
  readonly switches: Switches;
  readonly #file: SliceFile;
  readonly #reporter: Reporter;
  readonly #options: AgentOptions;
  #feed: FeedClient | undefined;

  /** Throws `StartError` where its directory cannot be used. */
  constructor(options: AgentOptions) {
    this.#options = options;
    const { log, ovsdb, openflow, node, state } = options;
    makeStateDirectory(state);
    this.#file = new SliceFile(join(state, 'slice.jsonl'));
    this.switches = new Switches({
      ovsdb,
      openflow,
      node,
      log,
      slice: this.slice,
      onChange: () => this.#reporter.touch(),
    });
    this.#reporter = new Reporter({
      slice: this.slice,
      switches: this.switches,
      send: (message) => this.#feed?.send(message) ?? false,
      log,
    });
  }

  /** Serves what the copy on disk says, and then what the manager says. */
  async start(): Promise<void> {
    const { manager, node, log, ovsdb } = this.#options;
    const questions = new Questions(this.switches, ovsdb);
    for (const message of this.#copy()) this.slice.apply(message);
    if (this.slice.position)
      log.info({ revision: this.slice.revision }, 'serving from the copy on disk until the manager answers');
    await this.switches.start();
    log.info({ node, manager, openflow: this.#options.openflow, ovsdb }, 'serving');
    this.#feed = new FeedClient({
      manager,
      node,
      version,
      log,
      copy: () => this.slice.position,
      onSlice: (message) => this.#take(message),
      onQuestion: (question) => questions.answer(question),
      onUp: () => this.#reporter.restart(),
    });
  }

  async close(): Promise<void> {
    this.#feed?.close();
    await this.switches.close();
    this.#file.close();
  }

  /** What the copy on disk says; where it cannot be read, there is none, and the switches are left as they are until the manager is heard. */
  #copy(): readonly SliceMessage[] {
    try {
      return this.#file.read();
    } catch (error) {
      this.#options.log.error(
        { err: error },
        'the copy on disk cannot be read; the switches stay as they are until the manager answers',
      );
      return [];
    }
  }

  #take(message: SliceMessage): void {
    this.slice.apply(message);
    this.switches.update();
    this.#reporter.touch();
    try {
      this.#file.write(message, () => this.slice.snapshot());
    } catch (error) {
      this.#options.log.error(
        { err: error },
        'the copy on disk cannot be written; a restart without the manager would serve an older one',
      );
    }
  }
}
