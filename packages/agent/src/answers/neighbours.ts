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
  /** Between ARP requests, and from the last of them until the station is given up. */
  readonly again: number;
  /** Between checks whether stations are still present. */
  readonly look: number;
  /** Time after which an unused station is removed. */
  readonly unused: number;
}

const usualTimes: NeighbourTimes = { again: 500, look: 30_000, unused: 600_000 };
/** ARP requests before a station is given up; also the number of checks that may go unanswered. */
const mostQuestions = 3;
/** Limits: stations being resolved, packets waiting for one of them, and stations stored. */
const most = { asked: { each: 64, all: 1024 }, waiting: { each: 20, all: 60 }, kept: 4096 } as const;
const broadcastMac = 0xffff_ffff_ffff;

interface Pending {
  /** The port of the first packet. */
  readonly client: string;
  readonly waiting: ((answer: number | Unresolved) => void)[];
  readonly shares: Shares;
  asked: number;
  timer: NodeJS.Timeout | undefined;
}

/** Additional state of a row. */
interface Kept {
  /** Checks since its last answer. */
  unanswered: number;
  packets: number;
  usedAt: number;
}

/**
 * Stations outside the model that receive routed packets. Resolves their MAC addresses by ARP, keeps the answers as rows of
 * the switch, from which flows are made, and repeats the requests from time to time. Stations that a previous agent
 * learned are read back from the switch. RFC 826; RFC 1122, 2.3.2.
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

  /** `changed` is called when a row is added, changed or removed. */
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
    // A station that could not be asked this time is asked the next.
    this.#looks = setInterval(
      contained(
        () => this.#look(),
        () => {},
      ),
      times.look,
    ).unref();
  }

  /** Resolves the MAC address of a station for a packet of `client`. */
  find(station: StationAddress, client: string): Promise<number | Unresolved> {
    const known = this.#rowOf(station);
    if (known) return Promise.resolve(known.mac);
    const pending = this.#pending.get(keyOf(station)) ?? this.#begin(station, client);
    if (!pending?.shares.take(client)) return Promise.resolve('busy');
    return new Promise((resolve) => pending.waiting.push(resolve));
  }

  /** Takes an ARP announcement. Addresses that nobody asked for are ignored. */
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

  /** Takes over the stations that a previous agent left in the switch. */
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
    // A request that cannot be sent counts as unanswered.
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

  /** Sends an ARP request from an address of the switch in the domain, as a broadcast or to the known MAC address. */
  #ask({ domain, ip }: StationAddress, to: number): void {
    const asker = this.#askerIn(domain, ip);
    if (!asker) return;
    const { mac: sha, ip: spa } = asker;
    const payload = encodeArp({ operation: arpOperation.request, sha, spa, tha: 0, tpa: ip });
    const data = encodeEthernet({ dst: to, src: sha, type: etherType.arp, payload });
    const actions = [load('domain', domain), ask('forward')];
    this.#connection()?.send({ type: 'packet_out', in_port: controllerPort, actions, data });
  }

  /** An address of the switch in the network of `ip`, otherwise in the domain. */
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

  /** Evicts the least recently used station. */
  #makeRoom(): void {
    if (this.#kept.size < most.kept) return;
    const [oldest] = [...this.#kept].sort(([, a], [, b]) => a.usedAt - b.usedAt);
    this.#remove(oldest![0]);
  }

  /** Checks stations that are in use; removes stations that do not answer or are not used. */
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
