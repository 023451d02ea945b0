import type { Action } from '@openvnet/openflow';
import { cookieOf } from '../engine/feature.ts';
import { ask, load } from '../pipeline/flow.ts';
import { tableNumbers } from '../pipeline/tables.ts';
import { peer } from './tunnel.ts';

/**
 * A frame for another host, and for nobody there: it is in no broadcast domain. IEEE 802, 9.2.3, has the type for experiments.
 */
export function tunnelProbe(peerId: number): { readonly actions: readonly Action[]; readonly data: Uint8Array } {
  const data = new Uint8Array(60);
  data.set([0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x88, 0xb5]);
  return { actions: [load('peer', peerId), ask('to_peer')], data };
}

/** The flows that count what comes out of tunnels from another host. */
export function arrivalsFrom(peerId: number): { readonly table: number; readonly cookie: bigint } {
  return { table: tableNumbers.from_peer, cookie: cookieOf(peer.cookie, peerId) };
}
