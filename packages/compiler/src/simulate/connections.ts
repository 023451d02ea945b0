import type { FieldName } from '@openvnet/openflow';
import { protocol, trackState } from '../pipeline/flow.ts';

interface Connection {
  answered: boolean;
}

/** The connection tracking of a simulated switch: what has been noted, by zone. Nothing is forgotten by itself. */
export class Connections {
  readonly #known = new Map<string, Connection>();

  /** What is known of a packet's connection, as `ct_state`; notes it first where `commit` says so. */
  track(zone: number, field: (name: FieldName) => bigint | undefined, commit: boolean): number {
    const number = Number(field('ip_proto') ?? 0n);
    const { tracked, established, reply, invalid } = trackState;
    if (field('eth_type') !== 0x0800n) return tracked | invalid;
    const [src, dst] = ports(number, field);
    const from = `${field('ipv4_src')}:${src}`;
    const to = `${field('ipv4_dst')}:${dst}`;
    const key = `${zone} ${number} ${from} ${to}`;
    const back = this.#known.get(`${zone} ${number} ${to} ${from}`);
    if (back) {
      back.answered = true;
      return tracked | established | reply;
    }
    const known = this.#known.get(key);
    if (commit && !known) this.#known.set(key, { answered: false });
    return tracked | (known?.answered ? established : trackState.new);
  }
}

/** Ports of TCP and UDP; an echo has its identifier, which is not looked at here. */
function ports(number: number, field: (name: FieldName) => bigint | undefined): readonly (bigint | undefined)[] {
  if (number === protocol.tcp) return [field('tcp_src'), field('tcp_dst')];
  return number === protocol.udp ? [field('udp_src'), field('udp_dst')] : [0n, 0n];
}
