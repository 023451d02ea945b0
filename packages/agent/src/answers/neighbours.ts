import {
  adoptedFlows,
  adoptedRows,
  ask,
  type Compiler,
  cookieIn,
  features,
  isWithin,
  load,
  type Resolved,
  readCookie,
  type Station,
  type StationAddress,
  type Unresolved,
} from '@openvnet/compiler';
import { contained } from '@openvnet/model';
import { reservedPorts, type SwitchConnection } from '@openvnet/openflow';
import { arpOperation, encodeArp, encodeEthernet, etherType } from '@openvnet/packet';
import { Shares } from './shares.ts';

/** Milliseconds. */
export interface NeighbourTimes {
  /** Between questions, and from the last of them until it is given up. */
  readonly again: number;
  /** Between looks at who is still there. */
  readonly look: number;
  /** For which a station is remembered that nobody sends to. */
  readonly unused: number;
}

const usualTimes: NeighbourTimes = { again: 500, look: 30_000, unused: 600_000 };
/** Questions before it is given up; as many looks may go unanswered. */
const mostQuestions = 3;
/** Stations that are asked for, packets that wait for one of them, and stations that are remembered. */
const most = { asked: { each: 64, all: 1024 }, waiting: { each: 20, all: 60 }, kept: 4096 } as const;
const broadcastMac = 0xffff_ffff_ffff;

interface Pending {
  /** The port whose packet was the first. */
  readonly client: string;
  readonly waiting: ((answer: number | Unresolved) => void)[];
  readonly shares: Shares;
  asked: number;
  timer: NodeJS.Timeout | undefined;
}

/** What is known of a row besides. */
interface Kept {
  /** Looks since it was last heard. */
  unanswered: number;
  packets: number;
  usedAt: number;
}

/**
 * Stations outside the model that routed packets have gone to: asks them for their MAC addresses, keeps the answers as rows
 * of the switch, of which flows are made, and asks them again from time to time. What another agent before this one has
 * learned is read back from the switch. RFC 826; RFC 1122, 2.3.2.
 */
export class Neighbours {
  readonly #compiler: Compiler;
  readonly #connection: () => SwitchConnection | undefined;
  readonly #changed: () => void;
  readonly #times: NeighbourTimes;
  readonly #pending = new Map<string, Pending>();
  readonly #asked = new Shares(most.asked);
  readonly #kept = new Map<number, Kept>();
  readonly #looks: NodeJS.Timeout;
  #last = 0;

  /** `changed` is called when there is another row, or one less. */
  constructor(
    compiler: Compiler,
    connection: () => SwitchConnection | undefined,
    changed: () => void,
    times = usualTimes,
  ) {
    this.#compiler = compiler;
    this.#connection = connection;
    this.#changed = changed;
    this.#times = times;
    // Who is not asked this time, because the connection is lost or the switch refuses, is asked the next.
    this.#looks = setInterval(
      contained(
        () => this.#look(),
        () => {},
      ),
      times.look,
    ).unref();
  }

  /** The MAC address of a station, when it has told it, for a packet of `client`. */
  find(station: StationAddress, client: string): Promise<number | Unresolved> {
    const known = this.#rowOf(station);
    if (known) return Promise.resolve(known.mac);
    const pending = this.#pending.get(keyOf(station)) ?? this.#begin(station, client);
    if (!pending?.shares.take(client)) return Promise.resolve('busy');
    return new Promise((resolve) => pending.waiting.push(resolve));
  }

  /** A station says what its MAC address is; what nobody has asked for is not believed. */
  heard(station: StationAddress, mac: number): void {
    const known = this.#rowOf(station);
    const pending = this.#pending.get(keyOf(station));
    if (known) {
      this.#kept.get(known.id)!.unanswered = 0;
      if (known.mac !== mac) this.#put({ ...known, mac });
    } else if (pending) {
      this.#makeRoom();
      this.#put({ id: ++this.#last, domain_id: station.domain, ip: station.ip, mac });
      this.#end(station, mac);
    }
  }

  /** Takes over what the switch has from an agent before this one. */
  adopt(installed: ReadonlyMap<string, string>): void {
    for (const row of adoptedRows(features, 'resolved', installed)) {
      if (this.#rowOf({ domain: row.domain_id, ip: row.ip }) || this.#kept.has(row.id)) continue;
      this.#last = Math.max(this.#last, row.id);
      this.#put(row);
    }
  }

  close(): void {
    clearInterval(this.#looks);
    for (const { timer, waiting } of this.#pending.values()) {
      clearTimeout(timer);
      for (const tell of waiting) tell('busy');
    }
    this.#pending.clear();
  }

  #begin(station: StationAddress, client: string): Pending | undefined {
    if (!this.#asked.take(client)) return undefined;
    const shares = new Shares(most.waiting);
    const pending: Pending = { client, waiting: [], shares, asked: 0, timer: undefined };
    this.#pending.set(keyOf(station), pending);
    // A question that cannot be sent is one that nobody answers.
    const question = contained(
      () => {
        pending.timer = setTimeout(question, this.#times.again);
        if (pending.asked++ === mostQuestions) this.#end(station, 'nobody');
        else this.#ask(station, broadcastMac);
      },
      () => {},
    );
    question();
    return pending;
  }

  #end(station: StationAddress, answer: number | Unresolved): void {
    const { timer, waiting, client } = this.#pending.get(keyOf(station))!;
    clearTimeout(timer);
    this.#pending.delete(keyOf(station));
    this.#asked.giveBack(client);
    for (const tell of waiting) tell(answer);
  }

  /** Sends a question from an address of the switch in the domain; everybody there hears it, or the one who should answer. */
  #ask({ domain, ip }: StationAddress, to: number): void {
    const asker = this.#askerIn(domain, ip);
    if (!asker) return;
    const { mac: sha, ip: spa } = asker;
    const payload = encodeArp({ operation: arpOperation.request, sha, spa, tha: 0, tpa: ip });
    const data = encodeEthernet({ dst: to, src: sha, type: etherType.arp, payload });
    const actions = [load('domain', domain), ask('forward')];
    this.#connection()?.send({ type: 'packet_out', in_port: controllerPort, actions, data });
  }

  /** An address of the switch in the network of `ip`, or else in the domain. */
  #askerIn(domain: number, ip: number): Station | undefined {
    const { station, network } = this.#compiler.relations;
    const stations = station.where('domain_id', domain);
    const near = stations.find(({ network_id }) => {
      const found = network.get(network_id);
      return found && isWithin(ip, found.ipv4_network, found.ipv4_prefix);
    });
    return near ?? stations[0];
  }

  #rowOf({ domain, ip }: StationAddress): Resolved | undefined {
    return this.#compiler.relations.resolved.where('domain_id', domain).find((row) => row.ip === ip);
  }

  #put(row: Resolved): void {
    this.#compiler.relations.resolved.set(row);
    const before = this.#kept.get(row.id);
    this.#kept.set(row.id, { unanswered: 0, packets: before?.packets ?? 0, usedAt: performance.now() });
    this.#changed();
  }

  #remove(id: number): void {
    this.#compiler.relations.resolved.delete(id);
    this.#kept.delete(id);
    this.#changed();
  }

  /** The one that was used longest ago goes first. */
  #makeRoom(): void {
    if (this.#kept.size < most.kept) return;
    const [oldest] = [...this.#kept].sort(([, a], [, b]) => a.usedAt - b.usedAt);
    this.#remove(oldest![0]);
  }

  /** Asks those that are in use whether they are still there, and forgets those that are not, or that nobody sends to. */
  async #look(): Promise<void> {
    const connection = this.#connection();
    if (!connection || this.#kept.size === 0) return;
    const flows = await connection.dumpFlows(adoptedFlows(features, 'resolved'));
    const counts = new Map(flows.map(({ body, packets }) => [itemOf(body), packets]));
    const now = performance.now();
    for (const [id, kept] of [...this.#kept]) {
      const row = this.#compiler.relations.resolved.get(id);
      if (!row) continue;
      const packets = counts.get(id) ?? 0;
      if (packets !== kept.packets) Object.assign(kept, { packets, usedAt: now });
      if (now - kept.usedAt > this.#times.unused || kept.unanswered++ >= mostQuestions) this.#remove(id);
      else this.#ask({ domain: row.domain_id, ip: row.ip }, row.mac);
    }
  }
}

const controllerPort = reservedPorts.controller;

function keyOf({ domain, ip }: StationAddress): string {
  return `${domain} ${ip}`;
}

function itemOf(body: string): number {
  return readCookie(cookieIn(body)).item;
}
