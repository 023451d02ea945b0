import { onDatapath } from './on-datapath.ts';

export const datapathNetwork = onDatapath({
  kind: 'network',
  model: 'Network',
  noun: 'network',
  address: "Address of the network's broadcasts between hosts.",
  aliases: ['broadcast_mac_address'],
});
