import { openStore } from '@openvnet/store';
import { expect, it } from 'vitest';
import { hostNotes } from './network-hosts.ts';

const by = { author: 'test', request: null, message: null };

it('a network on more hosts than a broadcast reaches is named', async () => {
  const store = await openStore('memory');
  try {
    const { value: network } = await store.transaction(by, (tx) =>
      tx.insert('network', { uuid: 'nw-a', display_name: '', ipv4_network: 0x0a000000, ipv4_prefix: 8 }),
    );
    const onHosts = (from: number, to: number) =>
      store.transaction(by, async (tx) => {
        for (let n = from; n <= to; n++) {
          const dpid = n.toString(16).padStart(16, '0');
          const host = {
            uuid: `dp-${n}`,
            display_name: 'br0',
            dpid,
            node_id: `host${n}`,
            enable_ovs_learn_action: true,
          };
          const { id: datapath_id } = await tx.insert('datapath', host);
          const { id: interface_id } = await tx.insert('interface', {
            uuid: `if-${n}`,
            mode: 'vif',
            enable_filtering: false,
            enable_routing: false,
            enable_route_translation: false,
          });
          const lease = { uuid: `il-${n}`, network_id: network.id, interface_id, ipv4_address: 0x0a000000 + n };
          await tx.insert('ip_lease', { ...lease, enable_routing: false });
          const place = { port_name: `if-${n}`, port_number: 1, standby: false };
          await tx.insert('active_interface', { uuid: '', interface_id, datapath_id, ...place });
        }
      });
    const notes = async () =>
      await store.read(async (reader) => hostNotes({ reader, datapaths: await reader.find('datapath', {}) }, network));
    await onHosts(1, 501);
    expect(await notes()).toEqual([]);
    await onHosts(502, 502);
    expect(await notes()).toEqual([
      'it has members on 502 hosts; a broadcast reaches 500 other hosts at most. Divide it into networks joined by a router',
    ]);
  } finally {
    await store.close();
  }
});
