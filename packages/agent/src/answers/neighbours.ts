import {
  ask,
  type Compiler,
  cookieIn,
  cookieOf,
  isWithin,
  load,
  places,
  type Resolved,
  readCookie,
  resolved as resolvedFeature,
  type Station,
  type StationAddress,
  tableNumbers,
  type Unresolved,
} from '@openvnet/compiler';
import { decodeFlow, reservedPorts, type SwitchConnection } from '@openvnet/openflow';
import { arpOperation, encodeArp, encodeEthernet, etherType } from '@openvnet/packet';

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
/** Packets that wait for one station, stations that are waited for, and stations that are remembered. */
const most = { waiting: 20, pending: 1024, kept: 4096 };
const broadcastMac = 0xffff_ffff_ffff;

interface Pending {
  readonly waiting: ((answer: number | Unresolved) => void)[];
  asked: number;
  timer: NodeJS.Timeout;
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
    this.#looks = setInterval(() => void this.#look().catch(() => undefined), times.look).unref();
  }

  /** The MAC address of a station, when it has told it. */
  find(station: StationAddress): Promise<number | Unresolved> {
    const known = this.#rowOf(station);
    if (known) return Promise.resolve(known.mac);
    const key = keyOf(station);
    const pending = this.#pending.get(key) ?? this.#begin(station);
    if (!pending || pending.waiting.length >= most.waiting) return Promise.resolve('busy');
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
    for (const [key, body] of installed) {
      if (body.charCodeAt(0) !== resolvedFeature.cookie || key.charCodeAt(0) !== tableNumbers.neighbour) continue;
      const row = rowIn(key, body);
      if (!row || this.#rowOf({ domain: row.domain_id, ip: row.ip }) || this.#kept.has(row.id)) continue;
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

  #begin(station: StationAddress): Pending | undefined {
    if (this.#pending.size >= most.pending) return undefined;
    const pending: Pending = { waiting: [], asked: 0, timer: setTimeout(() => undefined, 0) };
    const question = (): void => {
      if (pending.asked++ === mostQuestions) {
        this.#end(station, 'nobody');
        return;
      }
      this.#ask(station, broadcastMac);
      pending.timer = setTimeout(question, this.#times.again);
    };
    this.#pending.set(keyOf(station), pending);
    question();
    return pending;
  }

  #end(station: StationAddress, answer: number | Unresolved): void {
    const pending = this.#pending.get(keyOf(station))!;
    clearTimeout(pending.timer);
    this.#pending.delete(keyOf(station));
    for (const tell of pending.waiting) tell(answer);
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
    const filter = { table: tableNumbers.neighbour, ...flowsOfResolved };
    const counts = new Map((await connection.dumpFlows(filter)).map(({ body, packets }) => [itemOf(body), packets]));
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
const flowsOfResolved = { cookie: cookieOf(resolvedFeature.cookie, 0), cookie_mask: cookieOf(0xff, 0) } as const;

function keyOf({ domain, ip }: StationAddress): string {
  return `${domain} ${ip}`;
}

function itemOf(body: string): number {
  return readCookie(cookieIn(body)).item;
}

/** The row from which a flow of table `neighbour` was made; undefined where it is not one of ours. */
function rowIn(key: string, body: string): Resolved | undefined {
  const { match, instructions } = decodeFlow({ key, body });
  const read = (name: 'domain' | 'target_ip'): number => {
    const { field, offset, bits } = places[name];
    const given = match[field] as { value: number } | number | undefined;
    const value = typeof given === 'object' ? given.value : (given ?? 0);
    return Math.floor(value / 2 ** offset) % 2 ** bits;
  };
  const loads = instructions.flatMap((each) => (each.type === 'apply_actions' ? each.actions : []));
  const mac = loads.find((action) => action.type === 'load' && action.to.field === places.target_mac.field);
  if (mac?.type !== 'load') return undefined;
  return { id: itemOf(body), domain_id: read('domain'), ip: read('target_ip'), mac: Number(mac.value) };
}
