import { type PacketIn, reservedPorts, type SwitchConnection } from '@openvnet/openflow';
import type { Logger } from 'pino';
import type { Answer, Lookup } from './engine/feature.ts';
import { features } from './features/index.ts';
import { output } from './pipeline/flow.ts';
import { places } from './pipeline/registers.ts';
import { type AgentReason, agentReasons } from './pipeline/tables.ts';
import type { ServedSwitch } from './served-switch.ts';

/** Packets that one port may have answered: so many at once, and so many a second. */
const burst = 20;
const perSecond = 10;

const answers = new Map<number, Answer>();
for (const feature of features) {
  for (const [reason, answer] of Object.entries(feature.answers ?? {}))
    answers.set(agentReasons[reason as AgentReason], answer as Answer);
}

/** Answers what the switch hands over: finds the answer by the reason that the flow gave, and keeps each port to its rate. */
export class PacketIns {
  readonly #log: Logger;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();
  answered = 0;
  limited = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  handle(served: ServedSwitch, connection: SwitchConnection, message: PacketIn): void {
    const { packet, userdata, metadata } = message;
    const port = Number(metadata?.in_port ?? 0);
    const answer = answers.get(userdata?.[0] ?? 0);
    if (!packet || !answer) return;
    if (!this.#admit(`${served.dpid} ${port}`)) {
      this.limited++;
      return;
    }
    const lookup: Lookup = { attachments: (id) => served.compiler.relations.attachment.where('interface_id', id) };
    const gateway = Number(plain(metadata?.[places.gateway.field]) ?? 0);
    try {
      for (const reply of answer({ port, gateway, frame: packet }, lookup)) {
        connection.send({
          type: 'packet_out',
          in_port: reservedPorts.controller,
          actions: [output(reply.port)],
          data: reply.frame,
        });
      }
      this.answered++;
    } catch (error) {
      this.#log.warn({ datapath: served.dpid, port, err: error }, 'a packet from the switch could not be answered');
    }
  }

  /** Forgets ports that have been quiet: their buckets are full again. */
  forget(now = performance.now()): void {
    for (const [port, { at }] of this.#buckets) if (now - at > (burst / perSecond) * 1000) this.#buckets.delete(port);
  }

  #admit(port: string): boolean {
    const now = performance.now();
    const bucket = this.#buckets.get(port) ?? { tokens: burst, at: now };
    this.#buckets.set(port, bucket);
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }
}

function plain(value: unknown): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  return (value as { value?: number | bigint } | undefined)?.value;
}
