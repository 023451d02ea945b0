/**
 * Interfaces that have a port here and are on another host: their guest may be about to move here. Frames for it are delivered
 * here too; what it sends is dropped until it is heard here, which moves the interface.
 */
import { decodeEthernet } from '@openvnet/packet';
import { type Answer, feature, type Lookup, type Reply } from '../engine/feature.ts';
import type { View } from '../engine/relations.ts';
import type { Fate, Punted } from '../engine/says.ts';
import { ask, handOver, load, priority } from '../pipeline/flow.ts';
import { isAtPort } from './bindings.ts';

const rarp = 0x8035;
const broadcastMac = 0xffff_ffff_ffff;

/** Whether an interface with a port here is on another host, and its guest has not been heard here yet. */
export function standsBy(view: Pick<View, 'get' | 'where' | 'datapathId'>, id: number): boolean {
  return isElsewhere(view, id) && !view.get('heard', id);
}

/** Whether an interface is on another host and not here. */
export function isElsewhere(view: Pick<View, 'where' | 'datapathId'>, id: number): boolean {
  const places = view.where('active_interface', 'interface_id', id).filter((place) => !place.standby);
  return places.length > 0 && places.every(({ datapath_id }) => datapath_id !== view.datapathId);
}

/** Each of its items is where the interface is. */
export const standby = feature({
  name: 'standby',
  doc: 'Punts what a guest sends whose interface is on another host, so that the interface moves here.',
  cookie: 0x2a,
  says: {
    admit: ({ interface_uuid }) => `${interface_uuid} is on another host; hearing its guest moves it here`,
  },
  source: { of: 'active_interface' },
  select: (view, id) => {
    const { interface_id, datapath_id, standby } = view.get('active_interface', id)!;
    if (standby || datapath_id === view.datapathId) return undefined;
    const port = view.get('binding', interface_id)?.port;
    if (port == null || !isAtPort(view.get('interface', interface_id)!) || !standsBy(view, interface_id))
      return undefined;
    return { port, macs: [...new Set(macsOf(view, interface_id))] };
  },
  // What it sends from other addresses is refused wherever the interface is.
  flows: ({ port, macs }) =>
    macs.map((mac) => ({
      table: 'admit',
      priority: priority.urgent,
      match: { in_port: port, eth_src: mac },
      ...handOver('guest_heard'),
    })),
  answers: { guest_heard: move },
  tells: { guest_heard: told },
});

/** A guest that has moved says so by RARP, for the switches outside; where there are none nobody need know. */
export const announcement = feature({
  name: 'announcement',
  doc: 'Floods RARP announcements of guests where stations outside may be.',
  cookie: 0x2b,
  says: {
    admit: ({ interface_uuid, sets }) =>
      sets.domain
        ? `${interface_uuid} announces where it is, in ${sets.domain}`
        : 'RARP: nobody in its network need know',
  },
  source: { of: 'mac_lease' },
  select: (view, id) => {
    const open = view
      .where('attachment', 'mac_lease_id', id)
      .find(({ port, domain_id }) => port !== null && view.get('open_domain', domain_id));
    return open && { port: open.port!, mac: open.mac, domain: open.domain_id };
  },
  flows: ({ port, mac, domain }) => [
    {
      table: 'admit',
      priority: priority.normal,
      match: { in_port: port, eth_src: mac, eth_dst: broadcastMac, eth_type: rarp },
      actions: [load('domain', domain)],
      next: 'dispatch',
    },
  ],
  always: [{ table: 'admit', priority: priority.low + 1, match: { eth_type: rarp } }],
});

/** The frame goes on as soon as the switch takes what the guest sends. */
async function move({ port, frame }: Parameters<Answer>[0], lookup: Lookup): Promise<readonly Reply[]> {
  const { src } = decodeEthernet(frame);
  const guest = lookup.where('binding', 'port', port).find(({ id }) => macsOf(lookup, id).includes(src));
  const from = guest && placeOf(lookup, guest.id);
  if (!from || !(await lookup.arrived(guest.id))) return [];
  const here = lookup.get('datapath', lookup.datapathId)?.uuid;
  lookup.notice(guest.id, `moved from ${from} to port ${guest.port_name} on ${here}, where its guest was heard`);
  return [{ frame, in_port: port, actions: [ask('admit')] }];
}

function told({ view, packet }: Punted): Fate {
  const guest = view.where('binding', 'port', Number(packet.in_port))[0];
  const from = guest && placeOf(view, guest.id);
  return { text: `its interface is at ${from ?? 'another host'}; once its guest is heard here, it moves here` };
}

type Rows = Pick<View, 'get' | 'where'>;

function macsOf(view: Rows, id: number): number[] {
  return view.where('mac_lease', 'interface_id', id).map(({ mac_address }) => mac_address);
}

/** Where an interface is, in words. */
function placeOf(view: Rows, id: number): string | undefined {
  const place = view.where('active_interface', 'interface_id', id).find((each) => !each.standby);
  return place && `port ${place.port_name} on ${view.get('datapath', place.datapath_id)?.uuid}`;
}
