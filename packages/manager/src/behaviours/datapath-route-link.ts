import type { Behaviour } from './behaviour.ts';
import { relationOnDatapath } from './relation-on-datapath.ts';

/** The original gives addresses of routers on datapaths from this range. */
export const datapathRouteLink: Behaviour<'datapath_route_link'> = relationOnDatapath('datapath_route_link', 0x009998);
