import type { Behaviour } from './behaviour.ts';
import { relationOnDatapath } from './relation-on-datapath.ts';

/** The original gives addresses of networks on datapaths from this range. */
export const datapathNetwork: Behaviour<'datapath_network'> = relationOnDatapath('datapath_network', 0x009996);
