import { encapsulations, type HostTrace, type TraceCause, traceProtocols } from '@openvnet/model';
import * as z from 'zod';

const words = z.record(z.string(), z.string());
const step = z.object({
  table: z.string(),
  feature: z.string(),
  object_uuid: z.string().nullable(),
  interface_uuid: z.string().nullable(),
  says: z.string(),
  match: words,
  actions: z.array(z.string()),
});
const number = z.number();
const cause: z.ZodType<TraceCause> = z.discriminatedUnion('what', [
  z.object({ what: z.literal('no_gateway'), network_id: number, to: number }),
  z.object({ what: z.literal('no_router'), interface_id: number, from: number }),
  z.object({ what: z.literal('no_route'), route_link_id: number, to: number }),
  z.object({ what: z.literal('unknown_address'), network_id: number, address: number }),
  z.object({ what: z.literal('silent_station'), network_id: number, address: number }),
  z.object({ what: z.literal('untranslated'), interface_id: number, address: number, route_link_id: number }),
  z.object({
    what: z.literal('too_large'),
    network_id: number,
    size: number,
    mtu: number,
    datapath_id: number.nullable(),
  }),
  z.object({
    what: z.literal('filtered'),
    interface_id: number,
    direction: z.enum(['egress', 'ingress']),
    protocol: z.enum(traceProtocols),
    peer: number,
    port: number,
  }),
]);
const leg = z.object({
  title: z.string(),
  datapath_uuid: z.string().nullable().default(null),
  node: z.string().nullable().default(null),
  packet: words,
  steps: z.array(step),
  arrived: z.boolean(),
  verdict: z.string(),
  blocked_by: z.string().nullable(),
  // Agents of the version before do not say it.
  cause: cause.nullable().catch(null).default(null),
  live: z.string().nullable(),
});
/** What an agent answers that is asked for the way of a packet. Agents of older versions know no other hosts. */
export const hostTrace: z.ZodType<HostTrace> = z.object({
  datapath_uuid: z.string().nullable(),
  delivered: z.boolean(),
  verdict: z.string(),
  legs: z.array(leg),
  against: z.array(z.string()).default([]),
  notes: z.array(z.string()),
  onward: z
    .array(
      z.object({
        datapath_id: number,
        encapsulation: z.enum(encapsulations),
        from: z.string(),
        to: z.string(),
        packet: z.record(z.string(), z.string().regex(/^\d{1,40}$/)),
      }),
    )
    .max(10_000)
    .default([]),
  leaves: z.boolean().default(false),
  receiver: z.object({ interface_id: number, ip: number, sender: number }).nullable().default(null),
});
