/** A switch whose packets the agent answers, without a connection to one. For tests. */
import { type AgentReason, agentReasons, places, type RegisterName, type Reply } from '@openvnet/compiler';
import { datapathId, type TestModel } from '@openvnet/compiler/testing';
import type { Action, SwitchConnection } from '@openvnet/openflow';
import { pino } from 'pino';
import { PacketIns } from '../answers/packet-ins.ts';
import { ServedSwitch } from '../switch/served-switch.ts';

/** What the agent told the switch to do with a frame; `port` is where it is to leave, if at one. */
export interface Sent extends Reply {
  readonly port: number | undefined;
}

/** What registers hold once actions are done, of which some put them back. */
export function heldAfter(actions: readonly Action[]): (name: RegisterName) => number {
  const values = new Map<string, bigint>();
  const write = (field: string, offset: number, bits: number, value: bigint): void => {
    const mask = ((1n << BigInt(bits)) - 1n) << BigInt(offset);
    values.set(field, ((values.get(field) ?? 0n) & ~mask) | (value << BigInt(offset)));
  };
  const halves = (field: string): string[] => {
    const pair = /^xreg(\d+)$/.exec(field);
    return pair ? [`reg${Number(pair[1]) * 2}`, `reg${Number(pair[1]) * 2 + 1}`] : [];
  };
  for (const action of actions) {
    if (action.type !== 'load') continue;
    const { field, offset, bits } = action.to;
    const [high, low] = halves(field);
    const value = BigInt(action.value);
    if (!high || !low) write(field, offset, bits, value);
    else {
      write(low, 0, 32, value & 0xffff_ffffn);
      write(high, 0, bits - 32, value >> 32n);
    }
  }
  return (name) => {
    const { field, offset, bits } = places[name];
    const [high, low] = halves(field);
    const whole = high && low ? ((values.get(high) ?? 0n) << 32n) | (values.get(low) ?? 0n) : (values.get(field) ?? 0n);
    return Number((whole >> BigInt(offset)) & ((1n << BigInt(bits)) - 1n));
  };
}

/** A switch without a connection, whose packets the agent answers: what it would send out is in `sent`. */
export class AnsweringSwitch {
  readonly packetIns = new PacketIns(pino({ level: 'silent' }));
  readonly served: ServedSwitch;
  readonly sent: Sent[] = [];
  readonly #connection = {
    send: ({ actions, data, in_port }: { actions: Action[]; data: Uint8Array; in_port: number }) => {
      const out = actions.find((action) => action.type === 'output');
      this.sent.push({ frame: data, actions, in_port, port: out?.port });
    },
  } as unknown as SwitchConnection;

  constructor(model: TestModel, ports: readonly number[]) {
    const log = pino({ level: 'silent' });
    const nothing = { revision: () => 0, onChange: () => {} };
    this.served = new ServedSwitch({ datapathId, dpid: '1', model: model.relations, log, ...nothing });
    for (const id of ports) this.served.setPort(`if-${id}`, { id, name: `if-${id}`, iface_id: null });
  }

  /** Hands a frame over, as `hand_over` does, and gives the answers that came at once. */
  hand(
    reason: AgentReason,
    port: number,
    frame: Uint8Array,
    held: { readonly [N in RegisterName]?: number } = {},
  ): Sent[] {
    this.served.compiler.update();
    this.sent.length = 0;
    const registers: Record<string, number> = {};
    for (const [name, value] of Object.entries({ ...held, reason: agentReasons[reason] })) {
      const { field, offset } = places[name as RegisterName];
      const pair = /^xreg(\d+)$/.exec(field);
      if (pair) {
        registers[`reg${Number(pair[1]) * 2}`] = Math.floor(value / 2 ** 32);
        registers[`reg${Number(pair[1]) * 2 + 1}`] = value % 2 ** 32;
      } else registers[field] = ((registers[field] ?? 0) + value * 2 ** offset) >>> 0;
    }
    const metadata = { in_port: port, ...registers };
    this.packetIns.handle(this.served, this.#connection, { type: 'packet_in2', packet: frame, metadata } as never);
    return [...this.sent];
  }
}
