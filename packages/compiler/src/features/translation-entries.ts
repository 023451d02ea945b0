import { type Wait, waiting } from '../engine/feature.ts';
import type { View } from '../engine/relations.ts';

/** An address, with one port of TCP and UDP or, where that is null, with all there is. */
export interface End {
  readonly ip: number;
  readonly port: number | null;
}

/** An address outside that is one inside, at a gateway; both ends have a port, or neither. */
export interface Entry {
  readonly gateway: number;
  /** The logical router of which it is; any where null. */
  readonly link: number | null;
  readonly outside: End;
  readonly inside: End;
}

/** An entry that is in effect on this switch, or what it waits for. */
export function entryOf(view: View, id: number): Entry | Wait | undefined {
  const row = view.get('translation_static_address', id)!;
  const gateway = view.get('translation', row.translation_id)?.interface_id;
  if (gateway === undefined || !view.get('binding', gateway)) return undefined;
  const at = view.get('interface', gateway);
  if (!at?.enable_route_translation) return undefined;
  const lease = view.where('attachment', 'interface_id', gateway).find(({ ip }) => ip === row.ingress_ipv4_address);
  if (!lease || !view.get('ip_lease', lease.id)?.enable_routing) {
    const [kind, owner] = ['translation', row.translation_id] as const;
    return waiting(kind, owner, `an IP lease of ${at.uuid} with enable_routing for each of its ingress addresses`);
  }
  const whole = row.ingress_port_number === null || row.egress_port_number === null;
  return {
    gateway,
    link: row.route_link_id,
    outside: { ip: row.ingress_ipv4_address, port: whole ? null : row.ingress_port_number },
    inside: { ip: row.egress_ipv4_address, port: whole ? null : row.egress_port_number },
  };
}

/** All entries of a gateway that are in effect, in the order in which they are asked: as their flows have it. */
export function entriesOf(view: View, gateway: number): Entry[] {
  return view
    .where('translation', 'interface_id', gateway)
    .flatMap(({ id }) => view.where('translation_static_address', 'translation_id', id))
    .map(({ id }) => entryOf(view, id))
    .filter((entry): entry is Entry => entry !== undefined && !('waiting' in entry))
    .sort((a, b) => rankOf(b) - rankOf(a));
}

/** A port goes before a whole address, and an entry for one logical router before one for any. */
export function rankOf({ link, outside }: Entry): number {
  return (outside.port === null ? 0 : 2) + (link === null ? 0 : 1);
}

/** Whether what the gateway does not translate may pass. */
export function passesUntranslated(view: Pick<View, 'where'>, gateway: number): boolean {
  return view.where('translation', 'interface_id', gateway).some(({ passthrough }) => passthrough);
}
