/** The three experiments of December 2013, with the commands as they were typed then. */
import { allReplied, describePing } from '../checks.ts';
import type { PingResult } from '../guest.ts';
import { patience } from '../patience.ts';
import { guestOf } from '../scene.ts';
import { inEffect, isolated, type Play, pinged } from './play.ts';
import type { Stage } from './stage.ts';

async function oneNetwork(play: Play): Promise<PingResult> {
  const { stage, scene } = play;
  stage.heading('Experiment 1: one virtual network');
  stage.say('The bridge, a network and two interfaces. The uuid of an interface is the name of its switch port.');
  await stage.type(
    'vnctl datapath add --uuid dp-br0 --display-name=br0 --dc-segment-id=seg1 --dpid=0x000002fdee8e0a44 --ipv4-address=192.168.122.207 --node-id=192.168.122.207',
  );
  await network(stage, { number: 1, address: '172.16.1.0', domain: 'dom1' });
  await guest(stage, { number: 1, address: '172.16.1.1', network: 'nw-net1' });
  await guest(stage, { number: 2, address: '172.16.1.2', network: 'nw-net1' });
  await inEffect(play);
  const ns1 = guestOf(scene, 'ns1');
  const ping = await pinged(stage, ns1, '172.16.1.2');
  stage.expect(allReplied(ping), 'ns1 pings 172.16.1.2', describePing(ping));
  const { stdout } = await ns1.exec('ip', ['neigh']);
  stage.show('ip netns exec ns1 ip neigh', stdout.trimEnd());
  const isThere = (await ns1.neighbours()).some(({ mac }) => mac === '52:54:00:0d:84:02');
  stage.expect(isThere, 'the neighbour table of ns1 holds 52:54:00:0d:84:02', 'the MAC address of ns2');
  return ping;
}

async function overlappingAddresses(play: Play): Promise<void> {
  const { stage, scene } = play;
  stage.heading('Experiment 2: a second network with the same addresses');
  await network(stage, { number: 3, address: '172.16.1.0', domain: 'dom2' });
  await guest(stage, { number: 5, address: '172.16.1.1', network: 'nw-net3' });
  await guest(stage, { number: 6, address: '172.16.1.2', network: 'nw-net3' });
  await inEffect(play);
  await isolated(play, { from: 'ns5', to: 'ns6', address: '172.16.1.2', others: ['ns1', 'ns2'] });
  await isolated(play, { from: 'ns1', to: 'ns2', address: '172.16.1.2', others: ['ns5', 'ns6'] });
  const mac = (await guestOf(scene, 'ns5').neighbours()).find(({ address }) => address === '172.16.1.2')?.mac;
  stage.expect(mac === '52:54:00:0d:84:06', 'for ns5, 172.16.1.2 is at the MAC address of ns6', `${mac}`);
}

async function routing(play: Play, switched: PingResult): Promise<void> {
  const { stage, scene } = play;
  stage.heading('Experiment 3: routing between virtual networks');
  await network(stage, { number: 2, address: '172.16.2.0', domain: 'dom1' });
  await guest(stage, { number: 3, address: '172.16.2.3', network: 'nw-net2' });
  await guest(stage, { number: 4, address: '172.16.2.4', network: 'nw-net2' });
  stage.say('A logical router (a "route link") with an interface in each network. In 2013 parts of it had no command.');
  for (const line of router) await stage.type(line);
  await inEffect(play);
  const ns1 = guestOf(scene, 'ns1');
  const ping = await pinged(stage, ns1, '172.16.2.3');
  stage.expect(allReplied(ping), 'ns1 pings ns3 (172.16.2.3) in the other network', describePing(ping));
  const [first = Number.POSITIVE_INFINITY] = ping.rtts;
  const [firstSwitched = Number.NaN] = switched.rtts;
  stage.expect(
    first < 20 * patience,
    'its first reply does not wait for the controller, which took 20.0 ms in 2013',
    `${first} ms; the first switched one took ${firstSwitched} ms`,
  );
  const back = await pinged(stage, guestOf(scene, 'ns4'), '172.16.1.2');
  stage.expect(allReplied(back), 'ns4 pings ns2 (172.16.1.2), the other way round', describePing(back));
  for (const address of ['172.16.1.254', '172.16.2.254']) {
    const own = await pinged(stage, ns1, address);
    stage.expect(
      allReplied(own),
      `ns1 pings ${address}, the router itself, which was silent in 2013`,
      describePing(own),
    );
  }
}

const router = [
  'curl -s -X POST --data-urlencode uuid=if-vnet1gw --data-urlencode network_uuid=nw-net1 --data-urlencode mac_address=52:54:00:74:00:00 --data-urlencode ipv4_address=172.16.1.254 --data-urlencode mode=simulated http://localhost:9090/api/interfaces',
  'vnctl network_service add --uuid=ns-vnet1gw --interface-uuid=if-vnet1gw --display-name=router',
  'curl -s -X POST --data-urlencode uuid=if-vnet2gw --data-urlencode network_uuid=nw-net2 --data-urlencode mac_address=52:54:00:74:22:22 --data-urlencode ipv4_address=172.16.2.254 --data-urlencode mode=simulated http://localhost:9090/api/interfaces',
  'vnctl network_service add --uuid=ns-vnet2gw --interface-uuid=if-vnet2gw --display-name=router',
  'vnctl route_link add --uuid=rl-vnetlink1 --mac-address=52:54:00:60:11:11',
  'curl -s -X POST --data-urlencode route_link_uuid=rl-vnetlink1 --data-urlencode mac_address=08:00:27:20:01:01 http://localhost:9090/api/datapaths/dp-br0/route_links/rl-vnetlink1',
  'curl -s -X POST --data-urlencode uuid=r-vnet1 --data-urlencode interface_uuid=if-vnet1gw --data-urlencode route_link_uuid=rl-vnetlink1 --data-urlencode ipv4_network=172.16.1.0 http://localhost:9090/api/routes',
  'curl -s -X POST --data-urlencode uuid=r-vnet2 --data-urlencode interface_uuid=if-vnet2gw --data-urlencode route_link_uuid=rl-vnetlink1 --data-urlencode ipv4_network=172.16.2.0 http://localhost:9090/api/routes',
];

async function network(
  stage: Stage,
  { number, address, domain }: { number: number; address: string; domain: string },
): Promise<void> {
  await stage.type(
    `vnctl network add --uuid nw-net${number} --display-name=net${number} --ipv4-network ${address} --ipv4-prefix=24 --domain-name=${domain} --network-mode=virtual`,
  );
  await stage.type(
    `vnctl datapath networks add dp-br0 nw-net${number} --broadcast-mac-address=08:00:27:10:03:0${number}`,
  );
}

async function guest(
  stage: Stage,
  { number, address, network: uuid }: { number: number; address: string; network: string },
): Promise<void> {
  await stage.type(
    `vnctl interface add --uuid=if-veth${number} --ipv4-address=${address} --network-uuid=${uuid} --mac-address=52:54:00:0d:84:0${number}`,
  );
}

/** The three experiments, one after the other. */
export async function experimentsPlay(play: Play): Promise<void> {
  const switched = await oneNetwork(play);
  await overlappingAddresses(play);
  await routing(play, switched);
}
