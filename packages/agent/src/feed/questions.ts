import {
  arrivalsFrom,
  cookieOf,
  features,
  type Inspected,
  readCookie,
  readShownFlows,
  tableNumbers,
  trace,
  traceArrival,
  tunnelProbe,
} from '@openvnet/compiler';
import { noticeText, type PacketCounts, type Question, type Refused, type TunnelQuestion } from '@openvnet/model';
import { reservedPorts } from '@openvnet/openflow';
import { askDaemon } from '@openvnet/ovsdb';
import { socketDirectory } from '../switch/closing.ts';
import type { Switches } from '../switch/switches.ts';

const counted = new Map(
  features.flatMap(({ counts, cookie }) => (counts ? [[counts.about, { table: counts.table, cookie }] as const] : [])),
);

/** Answers questions of the manager. */
export class Questions {
  readonly #switches: Switches;
  readonly #ovsdb: string;

  /** `ovsdb` is the address of the Open vSwitch database. */
  constructor(switches: Switches, ovsdb: string) {
    this.#switches = switches;
    this.#ovsdb = ovsdb;
  }

  /** The answer; rejects if there is none. */
  async answer(question: Question): Promise<unknown> {
    const served = this.#switches.served();
    switch (question.about) {
      case 'release':
        return (await this.#switches.release(question.dpid)) ?? null;
      case 'packets':
        return this.#packets();
      case 'notices':
        return served.flatMap(({ notices }) => [...notices.of(question.interface_id)]);
      case 'ports':
        return this.#switches.portsNamed(new Set(question.names));
      case 'flows':
        return readShownFlows(served, question);
      case 'trace':
        return trace(this.#inspected(), question, (dpid, packet) => this.#askSwitch(dpid, packet));
      case 'arrival':
        return traceArrival(this.#inspected(), question, (dpid, packet) => this.#askSwitch(dpid, packet));
      case 'probe':
      case 'heard':
        return this.#tunnel(question);
      default:
        return this.#counted(question);
    }
  }

  /** The switches, with the state of their ports. */
  #inspected(): Inspected[] {
    return this.#switches.served().map((served) => {
      const { compiler, datapathId, dpid, connection, notices } = served;
      const obstacles = (id: number): string[] => this.#switches.obstacles(served, id);
      const refusals = (id: number): string[] => {
        const uuid = compiler.relations.interface.get(id)?.uuid ?? String(id);
        return [...notices.of(id)].map((notice) => noticeText(uuid, notice));
      };
      return { compiler, datapathId, dpid, connection, reality: { obstacles, refusals } };
    });
  }

  #packets(): PacketCounts {
    const { answered, limited, counts, since } = this.#switches.packetIns;
    return { since, answered, limited, counts: Object.fromEntries([...counts].sort()) };
  }

  /** Sends a frame to another host, or counts what has come from there; null if the switch is not connected. */
  async #tunnel({ about, datapath_id, peer_id }: TunnelQuestion): Promise<{ packets: number } | null> {
    const connection = this.#switches.served().find(({ datapathId }) => datapathId === datapath_id)?.connection;
    if (!connection) return null;
    if (about === 'heard') {
      const flows = await connection.dumpFlows(arrivalsFrom(peer_id));
      return { packets: flows.reduce((sum, { packets }) => sum + packets, 0) };
    }
    const { actions, data } = tunnelProbe(peer_id);
    connection.send({ type: 'packet_out', in_port: reservedPorts.controller, actions: [...actions], data });
    return { packets: 1 };
  }

  /** Packet counters of a feature's flows, by interface. */
  async #counted({ about, interface_id: only }: Extract<Question, { about: 'refused' }>): Promise<Refused> {
    const counter = counted.get(about);
    if (!counter) throw new RangeError(`this version of the agent cannot answer questions about ${about}`);
    const cookie_mask = only === undefined ? cookieOf(0xff, 0) : 0xffff_ffff_ffff_ffffn;
    const filter = { table: tableNumbers[counter.table], cookie: cookieOf(counter.cookie, only ?? 0), cookie_mask };
    const frames = new Map<number, number>();
    for (const { connection } of this.#switches.served()) {
      for (const { body, packets } of (await connection?.dumpFlows(filter)) ?? []) {
        const { item } = readCookie(Buffer.from(body.slice(0, 8), 'latin1').readBigUInt64BE());
        if (packets > 0) frames.set(item, (frames.get(item) ?? 0) + packets);
      }
    }
    return [...frames].map(([interface_id, count]) => ({ interface_id, frames: count }));
  }

  /** The trace of a packet by the switch itself, or why there is none. */
  async #askSwitch(dpid: string, packet: string): Promise<string> {
    const ovsdb = this.#ovsdb;
    const bridge = this.#switches.bridgeOf(dpid);
    const directory = socketDirectory(ovsdb);
    if (directory === undefined) return `the switch cannot be asked: its control socket is not on this host (${ovsdb})`;
    if (bridge === undefined) return `the switch cannot be asked: ${ovsdb} has no bridge with datapath id ${dpid}`;
    return askDaemon({ directory, daemon: 'ovs-vswitchd' }, 'ofproto/trace', [bridge, packet]).catch(
      (error: Error) => `the switch cannot be asked: ${error.message}`,
    );
  }
}
