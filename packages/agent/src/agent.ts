import { dirname, join } from 'node:path';
import { cookieOf, type Inspected, readCookie, readShownFlows, refused, tableNumbers, trace } from '@openvnet/compiler';
import { noticeText, type PacketCounts, type Question, type Refused } from '@openvnet/model';
import { askDaemon } from '@openvnet/ovsdb';
import type { Logger } from 'pino';
import { FeedClient } from './feed/client.ts';
import { Reporter } from './feed/reporter.ts';
import { Slice, type SliceMessage } from './feed/slice.ts';
import { SliceFile } from './feed/slice-file.ts';
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

  constructor(options: AgentOptions) {
    this.#options = options;
    const { log, ovsdb, openflow, node, state } = options;
    this.#file = new SliceFile(join(state, 'slice.jsonl'));
    this.switches = new Switches({
      ovsdb,
      openflow,
      node,
      log,
      slice: this.slice,
      onChange: () => this.#reporter.touch(),
    });
    this.#reporter = new Reporter(this.slice, this.switches, (message) => this.#feed?.send(message) ?? false);
  }

  /** Serves what the copy on disk says, and then what the manager says. Throws where it cannot listen for switches. */
  async start(): Promise<void> {
    const { manager, node, log } = this.#options;
    for (const message of this.#file.read()) this.slice.apply(message);
    if (this.slice.position)
      log.info({ revision: this.slice.revision }, 'serving from the copy on disk until the manager answers');
    await this.switches.start();
    log.info({ node, manager, openflow: this.#options.openflow, ovsdb: this.#options.ovsdb }, 'serving');
    this.#feed = new FeedClient({
      manager,
      node,
      version,
      log,
      copy: () => this.slice.position,
      onSlice: (message) => this.#take(message),
      onQuestion: (question) => this.#answer(question),
      onUp: () => this.#reporter.restart(),
    });
  }

  async close(): Promise<void> {
    this.#feed?.close();
    await this.switches.close();
    this.#file.close();
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

  #answer(question: Question): Promise<unknown> {
    switch (question.about) {
      case 'refused':
        return this.#refused(question.interface_id);
      case 'packets':
        return Promise.resolve(this.#packets());
      case 'notices':
        return Promise.resolve(this.switches.served().flatMap(({ notices }) => [...notices.of(question.interface_id)]));
      case 'flows':
        return readShownFlows(this.switches.served(), question);
      case 'trace':
        return trace(this.#inspected(), question, (dpid, packet) => this.#askSwitch(dpid, packet));
      default:
        return Promise.reject(new RangeError('a question that this version of the agent does not know'));
    }
  }

  /** The switches, with what is known of their ports beside the flows. */
  #inspected(): Inspected[] {
    return this.switches.served().map((served) => ({
      compiler: served.compiler,
      datapathId: served.datapathId,
      dpid: served.dpid,
      connection: served.connection,
      reality: {
        obstacles: (id) => this.switches.obstacles(served, id),
        refusals: (id) => [...served.notices.of(id)].map((notice) => noticeText(nameOf(served, id), notice)),
      },
    }));
  }

  #packets(): PacketCounts {
    const { answered, limited, counts } = this.switches.packetIns;
    return { answered, limited, counts: Object.fromEntries([...counts].sort()) };
  }

  /** What the switch itself would do with a packet, or why it cannot be asked. */
  async #askSwitch(dpid: string, packet: string): Promise<string> {
    const { ovsdb } = this.#options;
    const bridge = this.switches.bridgeOf(dpid);
    if (!ovsdb.startsWith('unix:'))
      return `the switch cannot be asked: its control socket is not on this host (${ovsdb})`;
    if (bridge === undefined) return `the switch cannot be asked: ${dpid} is no bridge of ${ovsdb}`;
    const directory = dirname(ovsdb.slice('unix:'.length));
    return askDaemon({ directory, daemon: 'ovs-vswitchd' }, 'ofproto/trace', [bridge, packet]).catch(
      (error: Error) => `the switch cannot be asked: ${error.message}`,
    );
  }

  /** Frames that the sender guard has refused, from the counters of the switches. */
  async #refused(interfaceId?: number): Promise<Refused> {
    const counts = new Map<number, number>();
    const mask = interfaceId === undefined ? cookieOf(0xff, 0) : 0xffff_ffff_ffff_ffffn;
    const filter = { table: tableNumbers.admit, cookie: cookieOf(refused.cookie, interfaceId ?? 0), cookie_mask: mask };
    for (const { connection } of this.switches.served()) {
      for (const { body, packets } of (await connection?.dumpFlows(filter)) ?? []) {
        const { item } = readCookie(Buffer.from(body.slice(0, 8), 'latin1').readBigUInt64BE());
        if (packets > 0) counts.set(item, (counts.get(item) ?? 0) + packets);
      }
    }
    return [...counts].map(([interface_id, frames]) => ({ interface_id, frames }));
  }
}

function nameOf({ compiler }: { readonly compiler: Inspected['compiler'] }, interfaceId: number): string {
  return compiler.relations.interface.get(interfaceId)?.uuid ?? String(interfaceId);
}
