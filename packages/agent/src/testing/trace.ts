/**
 * What a real switch says that it would do with a packet (`ofproto/trace`), in the words of `simulate`. For tests.
 */
import { connect, type Socket } from 'node:net';
import {
  type Outcome,
  type Packet,
  places,
  type Taken,
  tableNames,
  tableNumbers,
  trackState,
} from '@openvnet/compiler';

/** What a trace of the switch tells of an outcome: of the flows, which they are. */
export interface Traced extends Omit<Outcome, 'trace'> {
  readonly trace: readonly Pick<Taken, 'table' | 'priority' | 'cookie'>[];
}

/** The control socket of the switch daemon: what `ovs-appctl` does, without a process for each question. */
export class ControlSocket implements Disposable {
  readonly #socket: Socket;
  #text = '';
  #answer: PromiseWithResolvers<string> | undefined;
  #last = 0;

  constructor(path: string) {
    this.#socket = connect(path);
    this.#socket.setEncoding('utf8');
    this.#socket.on('data', (text: string) => this.#receive(text));
    this.#socket.on('error', (error) => this.#answer?.reject(error));
  }

  /** One question at a time: the next may be asked when this is answered. */
  ask(method: string, ...params: readonly string[]): Promise<string> {
    this.#answer = Promise.withResolvers<string>();
    this.#socket.write(JSON.stringify({ id: ++this.#last, method, params }));
    return this.#answer.promise;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  /** Answers are not framed, but the beginning of an object is never an object. */
  #receive(text: string): void {
    this.#text += text;
    if (!/\}\s*$/.test(text)) return;
    let message: { result: string | null; error: string | null };
    try {
      message = JSON.parse(this.#text) as typeof message;
    } catch {
      return;
    }
    this.#text = '';
    if (message.error !== null) this.#answer?.reject(new Error(message.error));
    else this.#answer?.resolve(message.result ?? '');
  }
}

/** Traces packets through one bridge. */
export class Tracer {
  readonly #control: ControlSocket;
  readonly #bridge: string;
  /** OpenFlow numbers of ports, by their numbers in the datapath. */
  readonly #ports: ReadonlyMap<number, number>;

  private constructor(control: ControlSocket, bridge: string, ports: ReadonlyMap<number, number>) {
    this.#control = control;
    this.#bridge = bridge;
    this.#ports = ports;
  }

  static async of(control: ControlSocket, bridge: string): Promise<Tracer> {
    const shown = await control.ask('dpif/show');
    const ports = [...shown.matchAll(/^ {4}\S+ (\d+)\/(\d+):/gm)].map(
      ([, number, inDatapath]) => [Number(inDatapath), Number(number)] as const,
    );
    return new Tracer(control, bridge, new Map(ports));
  }

  /**
   * A trace has no size: where the switch would look at it, it tells of both ways, and the packet's is taken. Connection
   * tracking says `states`, one after the other (`ct_state`), whenever the packet is tracked.
   */
  async trace({ size = 0, ...packet }: Packet, states: readonly number[] = []): Promise<Traced> {
    const next = states.flatMap((state) => ['--ct-next', stateText(state)]);
    const text = await this.#control.ask('ofproto/trace', this.#bridge, flowText(packet), ...next);
    return await this.#run(sectionsOf(text), 0, { ...packet, size });
  }

  /**
   * Carries out the actions of the datapath: header fields are set, and stay set, before copies leave. A copy that goes on
   * after connection tracking has a section of its own, as has a packet that goes on behind its meter.
   */
  async #run(sections: string[], at: number, { size = 0, ...packet }: Packet): Promise<Traced> {
    const actions = /^Datapath actions: (.*)$/m.exec(sections[at]!)?.[1];
    if (actions === undefined) throw new RangeError(`no actions in the trace:\n${sections.join('\n')}`);
    const events = eventsOf(oneWay(onlyOf(this.#bridge, sections[at]!), size));
    if (isMetered(sections[at]!)) events.push({ section: await this.#goOn(sections, at, packet) });
    const forks = events.flatMap((event) => ('section' in event ? [event.section] : []));
    const reasons = events.flatMap((event) => ('reason' in event ? [event.reason] : []));
    const forked: Traced[] = [];
    const sent: { port: number; packet: Packet }[] = [];
    const toAgent: { reason: number; packet: Packet }[] = [];
    let told = 0;
    let translated: Packet = {};
    const perform = async (some: readonly string[], fields: Record<string, number | bigint>): Promise<void> => {
      for (const action of some) if (!(await performOne(action, fields))) break;
    };
    /** Whether what follows is done with the same packet. */
    const performOne = async (action: string, fields: Record<string, number | bigint>): Promise<boolean> => {
      const set = /^set\((\w+)\((.*)\)\)$/.exec(action);
      if (set) for (const part of split(set[2]!)) setPart(fields, set[1]!, part);
      else if (/^\d+$/.test(action)) sent.push({ port: this.#portOf(Number(action)), packet: { ...fields } });
      else if (/^(?:clone\()?tnl_push\(/.test(action)) {
        sent.push(this.#encapsulated(action, fields));
        // What follows is done with the encapsulated frame.
        if (!action.startsWith('clone')) return false;
      } else if (/^userspace\(|^sample\(sample=100\.0%,actions\(meter\(\d+\),userspace\(/.test(action))
        toAgent.push({ reason: reasons[told++]!, packet: { ...fields } });
      else if (/^recirc\(/.test(action)) {
        const copy = await this.#run(sections, forks[forked.length]!, { ...fields, ...translated, size });
        forked.push(copy);
        sent.push(...copy.sent);
        toAgent.push(...copy.toAgent);
      } else if (/^ct\(/.test(action)) translated = translatedBy(action);
      // Done with a copy.
      else if (/^check_pkt_len\(/.test(action)) await perform(sizedActions(action, size), { ...fields });
      else if (!/^(drop|ct_clear|meter\(\d+\))$/.test(action))
        throw new RangeError(`action ${action} is not understood`);
      return true;
    };
    await perform(split(actions), { ...packet });
    if (told !== reasons.length) throw new RangeError(`${reasons.length} reasons for: ${actions}`);
    if (forked.length !== forks.length) throw new RangeError(`${forks.length} copies are tracked in: ${actions}`);
    const later = forked.values();
    const trace = events.flatMap((event) =>
      'table' in event ? [event] : 'section' in event ? later.next().value!.trace : [],
    );
    return { sent, toAgent, trace };
  }

  /** A copy that leaves through a tunnel. */
  #encapsulated(action: string, fields: Packet): Outcome['sent'][number] {
    const [, port] = /tnl_port\((\d+)\)/.exec(action)!;
    const [, to] = /ipv4\(src=[\d.]+,dst=([\d.]+)/.exec(action)!;
    const [, key] = /(?:vni|key)=(0x[0-9a-f]+)/.exec(action)!;
    return { port: this.#portOf(Number(port)), packet: { ...fields, tun_dst: read.ipv4(to!), tunnel_id: Number(key) } };
  }

  /** The switch traces nothing behind a meter: this begins again there, with the registers as they were. */
  async #goOn(sections: string[], at: number, packet: Packet): Promise<number> {
    const held = /^Final flow: (.*)$/m.exec(sections[at]!)![1]!;
    const registers = [...held.matchAll(/reg\d+=0x[0-9a-f]+/g)].join(',');
    const flow = [flowText(packet), registers].filter(Boolean).join(',');
    const onward = `resubmit(,${tableNumbers.answer})`;
    sections.push(await this.#control.ask('ofproto/trace-packet-out', this.#bridge, flow, onward));
    return sections.length - 1;
  }

  #portOf(inDatapath: number): number {
    const port = this.#ports.get(inDatapath);
    if (port === undefined) throw new RangeError(`the datapath has no port ${inDatapath}`);
    return port;
  }
}

type Kind = 'number' | 'mac' | 'ipv4' | 'fragment';

/** Fields as `ofproto/trace` wants them, in an order in which each is preceded by what it needs. */
const flowNames = {
  tun_src: ['tun_src', 'ipv4'],
  tun_dst: ['tun_dst', 'ipv4'],
  tunnel_id: ['tun_id', 'number'],
  in_port: ['in_port', 'number'],
  eth_src: ['dl_src', 'mac'],
  eth_dst: ['dl_dst', 'mac'],
  vlan_vid: ['vlan_vid', 'number'],
  eth_type: ['dl_type', 'number'],
  ip_proto: ['nw_proto', 'number'],
  nw_ttl: ['nw_ttl', 'number'],
  ip_frag: ['ip_frag', 'fragment'],
  ipv4_src: ['nw_src', 'ipv4'],
  ipv4_dst: ['nw_dst', 'ipv4'],
  icmpv4_type: ['icmp_type', 'number'],
  icmpv4_code: ['icmp_code', 'number'],
  udp_src: ['udp_src', 'number'],
  udp_dst: ['udp_dst', 'number'],
  tcp_src: ['tcp_src', 'number'],
  tcp_dst: ['tcp_dst', 'number'],
  arp_op: ['arp_op', 'number'],
  arp_spa: ['arp_spa', 'ipv4'],
  arp_tpa: ['arp_tpa', 'ipv4'],
  arp_sha: ['arp_sha', 'mac'],
  arp_tha: ['arp_tha', 'mac'],
} as const satisfies Partial<Record<keyof Packet, readonly [string, Kind]>>;

/** Fields as the datapath names them. */
const datapathNames: Readonly<Record<string, keyof typeof flowNames>> = {
  'eth src': 'eth_src',
  'eth dst': 'eth_dst',
  'ipv4 src': 'ipv4_src',
  'ipv4 dst': 'ipv4_dst',
  'ipv4 ttl': 'nw_ttl',
  'icmp type': 'icmpv4_type',
  'icmp code': 'icmpv4_code',
  'udp src': 'udp_src',
  'udp dst': 'udp_dst',
  'tcp src': 'tcp_src',
  'tcp dst': 'tcp_dst',
  'arp op': 'arp_op',
  'arp sip': 'arp_spa',
  'arp tip': 'arp_tpa',
  'arp sha': 'arp_sha',
  'arp tha': 'arp_tha',
};

const fragments = ['no', 'first', '', 'later'];

const write: Readonly<Record<Kind, (value: number) => string>> = {
  number: String,
  fragment: (value) => fragments[value]!,
  mac: (value) =>
    value
      .toString(16)
      .padStart(12, '0')
      .replace(/..(?=.)/g, '$&:'),
  ipv4: (value) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.'),
};

const read: Readonly<Record<Kind, (text: string) => number>> = {
  number: Number,
  fragment: (text) => fragments.indexOf(text),
  mac: (text) => Number.parseInt(text.replaceAll(':', ''), 16),
  ipv4: (text) => text.split('.').reduce((value, byte) => value * 256 + Number(byte), 0),
};

function flowText(packet: Packet): string {
  const unknown = Object.keys(packet).find((name) => !(name in flowNames));
  if (unknown) throw new RangeError(`field ${unknown} has no name for a trace`);
  return (Object.entries(flowNames) as [keyof typeof flowNames, readonly [string, Kind]][])
    .filter(([field]) => packet[field] !== undefined)
    .map(([field, [name, kind]]) => `${name}=${write[kind](Number(packet[field]))}`)
    .join(',');
}

/** The address that connection tracking puts in. */
function translatedBy(action: string): Packet {
  const [, side, address] = /nat\((src|dst)=([\d.]+)\)/.exec(action) ?? [];
  return address === undefined ? {} : { [`ipv4_${side}`]: read.ipv4(address) };
}

function setPart(fields: Record<string, number | bigint>, layer: string, part: string): void {
  const [name, value] = part.split('=') as [string, string];
  const field = datapathNames[`${layer} ${name}`];
  if (!field || value.includes('/')) throw new RangeError(`set(${layer}(${part})) is not understood`);
  fields[field] = read[flowNames[field][1]](value);
}

/** What a part of a trace says, in order: which flow took the packet, why the agent gets it, where a copy goes on. */
type Event = Traced['trace'][number] | { readonly reason: number } | { readonly section: number };

/** A trace, cut where copies go on after connection tracking; where they left, the number of their section is noted. */
function sectionsOf(text: string): string[] {
  let forks = 0;
  return text
    .replace(/-> A clone of the packet is forked to recirculate\./g, () => `-> section ${++forks}`)
    .split(/^=+\nrecirc\((?:.*\n)*?=+$/m);
}

/** A trace without what other bridges do with encapsulated frames. */
function onlyOf(bridge: string, text: string): string {
  const kept: string[] = [];
  let within: number | undefined;
  for (const line of text.split('\n')) {
    const indent = line.search(/\S/);
    const [, depth, name] = /^( *)bridge\("(.*)"\)/.exec(line) ?? [];
    if (name !== undefined) within = name === bridge ? undefined : depth!.length;
    else if (within !== undefined && indent >= 0 && indent <= within && !/^ *-+$/.test(line)) within = undefined;
    if (within === undefined) kept.push(line);
  }
  return kept.join('\n');
}

/** Whether a packet goes on behind a meter. */
function isMetered(section: string): boolean {
  return /^ +pop_mpls:/m.test(section);
}

const flowTaken = /^ *(\d+)\. (?:.*, )?priority (\d+)(?:, cookie (0x[0-9a-f]+))?$/;
const { field, offset, bits } = places.reason;
const reasonLoaded = new RegExp(
  `^ +load:(\\w+)->NXM_NX_${field.toUpperCase()}\\[${offset}\\.\\.${offset + bits - 1}\\]$`,
);

function eventsOf(text: string): Event[] {
  let loaded = 0;
  return text.split('\n').flatMap((line): Event[] => {
    const [, table, priority, cookie] = flowTaken.exec(line) ?? [];
    if (table !== undefined) {
      const name = tableNames[Number(table)] ?? table;
      return [{ table: name, priority: Number(priority), cookie: BigInt(cookie ?? 0) }];
    }
    const section = /-> section (\d+)/.exec(line)?.[1];
    if (section !== undefined) return [{ section: Number(section) }];
    loaded = Number(reasonLoaded.exec(line)?.[1] ?? loaded);
    if (!/^ +controller\(/.test(line)) return [];
    const userdata = /userdata=([0-9a-f]{2})/.exec(line)?.[1];
    return [{ reason: userdata === undefined ? loaded : Number.parseInt(userdata, 16) }];
  });
}

const stateNames = {
  new: 'new',
  established: 'est',
  related: 'rel',
  reply: 'rpl',
  invalid: 'inv',
  tracked: 'trk',
} as const;

function stateText(state: number): string {
  return Object.entries(trackState)
    .filter(([, bit]) => (state & bit) !== 0)
    .map(([name]) => stateNames[name as keyof typeof stateNames])
    .join(',');
}

/** The part of a trace that is for a packet of so many bytes; what is done with larger ones comes first at each check. */
function oneWay(text: string, size: number): string {
  return oneWayOf(text.split('\n'), size).join('\n');
}

function oneWayOf(lines: readonly string[], size: number): string[] {
  const check = lines.findIndex((line) => /^ +check_pkt_larger\(/.test(line));
  if (check < 0) return [...lines];
  const most = Number(/\((\d+)\)/.exec(lines[check]!)![1]);
  const other = lines.indexOf(lines[check + 1]!, check + 2);
  if (other < 0) throw new RangeError(`only one way in the trace:\n${lines.join('\n')}`);
  const end = lines.findIndex((line, i) => i > other && isOutside(line, indentOf(lines[check]!)));
  const back = end < 0 ? lines.length : end;
  const way = size > most ? lines.slice(check + 1, other) : lines.slice(other, back);
  return [...lines.slice(0, check), ...oneWayOf(way, size), ...oneWayOf(lines.slice(back), size)];
}

/** Whether a line is of the caller of a table of which actions have this indent. The last table that is gone to is shown without more indent. */
function isOutside(line: string, indent: number): boolean {
  const own = indentOf(line);
  return own >= 0 && (/^ *\d+\. /.test(line) ? own < indent - 4 : own <= indent - 4);
}

function indentOf(line: string): number {
  return line.search(/\S/);
}

/** Of a check of the size, what is done with a packet of so many bytes. */
function sizedActions(action: string, size: number): string[] {
  const check = /^check_pkt_len\(size=(\d+),(gt\(.*)\)$/.exec(action);
  if (!check) throw new RangeError(`${action} is not understood`);
  const ways = split(check[2]!);
  const way = ways.find((one) => one.startsWith(size > Number(check[1]) ? 'gt(' : 'le('));
  if (way === undefined) throw new RangeError(`${action} is not understood`);
  return split(way.slice(3, -1)).filter(Boolean);
}

/** Splits at the commas that are in no parentheses. */
function split(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i <= text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')') depth--;
    if (i < text.length && (text[i] !== ',' || depth > 0)) continue;
    parts.push(text.slice(from, i));
    from = i + 1;
  }
  return parts;
}
