/** Networks that span three hosts. */

import { parseCheck } from '../check-text.ts';
import { allReplied, describePing, runCheck } from '../checks.ts';
import type { PingResult } from '../guest.ts';
import { labCut, labJoin, labMove } from '../net-commands.ts';
import { LabError } from '../run.ts';
import { guestOf } from '../scene.ts';
import { Underlay } from '../underlay.ts';
import { inEffect, isolated, type Play, pinged } from './play.ts';
import type { Stage } from './stage.ts';

export async function hostsPlay(play: Play): Promise<void> {
  await oneNetwork(play);
  await overlappingAddresses(play);
  await routing(play);
  await services(play);
  await outside(play);
  await cutOff(play);
  await moving(play);
}

async function oneNetwork(play: Play): Promise<void> {
  const { stage, scene, file } = play;
  stage.heading('1: a network on three hosts');
  stage.say(
    'A host is registered by the datapath id of its bridge. Its tunnel address is the one from which its agent reaches the manager.',
  );
  for (const n of [1, 2, 3])
    await stage.type(
      `vnctl datapaths add --uuid dp-h${n} --display-name=br0 --dpid=000000000000000${n} --node-id=h${n}`,
    );
  await network(stage, 'red', '10.0.1.0');
  for (const n of [1, 2, 3]) await guest(stage, 'red', n, `10.0.1.${n}`);
  await inEffect(play);
  const near = await warm(play, 'red1', '10.0.1.2');
  stage.expect(allReplied(near), 'red1 on h1 pings red2 on h2, in the same underlay network', describePing(near));
  const rack2 = new Underlay(file.underlays.find(({ name }) => name === 'rack2')!);
  await warm(play, 'red1', '10.0.1.3');
  const capture = await rack2.capture({ filter: 'udp' });
  const far = await pinged(stage, guestOf(scene, 'red1'), '10.0.1.3');
  const frames = await capture.stop();
  stage.expect(allReplied(far), 'red1 pings red3 on h3, beyond the router of the underlay', describePing(far));
  const [tunnelled = ''] = frames.filter((line) => line.includes('Geneve') && line.includes('10.0.1.3'));
  stage.say(`    captured in rack2: ${tunnelled.replace(/^\S+ /, '')}`);
  stage.expect(tunnelled !== '', 'the underlay carries it in a Geneve tunnel', `${frames.length} frames captured`);
}

async function overlappingAddresses(play: Play): Promise<void> {
  const { stage } = play;
  stage.heading('2: a second network with the same addresses');
  await network(stage, 'blue', '10.0.1.0');
  for (const n of [1, 2]) await guest(stage, 'blue', n, `10.0.1.${n}`);
  await inEffect(play);
  await warm(play, 'blue1', '10.0.1.2');
  await isolated(play, { from: 'blue1', to: 'blue2', address: '10.0.1.2', others: ['red1', 'red2'] });
  await isolated(play, { from: 'red1', to: 'red2', address: '10.0.1.2', others: ['blue1', 'blue2'] });
}

async function routing(play: Play): Promise<void> {
  const { stage } = play;
  stage.heading('3: routing between networks');
  await network(stage, 'green', '10.0.2.0');
  for (const n of [1, 3]) await guest(stage, 'green', n, `10.0.2.${n}`);
  await stage.type('vnctl router add --uuid rl-router --network nw-red --network nw-green');
  await inEffect(play);
  for (const [from, address, what] of [
    ['red1', '10.0.2.1', 'green1 on its own host'],
    ['red1', '10.0.2.3', 'green3 on another host'],
    ['green1', '10.0.1.254', 'the router itself'],
  ] as const) {
    const ping = await warm(play, from, address);
    stage.expect(allReplied(ping), `${from} pings ${what}`, describePing(ping));
  }
}

async function services(play: Play): Promise<void> {
  const { stage } = play;
  stage.heading('4: DHCP and DNS, answered on the host of the guest');
  await stage.type(
    'vnctl interfaces add --uuid if-services --mode simulated --network-uuid nw-red --ipv4-address 10.0.1.253',
  );
  await stage.type('vnctl network-services add --uuid ns-dhcp --interface-uuid if-services --mode dhcp');
  await stage.type('vnctl network-services add --uuid ns-dns --interface-uuid if-services --mode dns');
  await stage.type('vnctl dns-services add --uuid dnss-red --network-service-uuid ns-dns');
  await inEffect(play);
  await checked(play, 'red2 gets 10.0.1.2 by dhcp');
  await checked(play, 'red3 resolves red2.red by 10.0.1.253 to 10.0.1.2');
  await checked(play, 'blue2 gets nothing by dhcp');
}

async function outside(play: Play): Promise<void> {
  const { stage } = play;
  stage.heading('5: a network outside, at an uplink of h3');
  await stage.type(
    'vnctl networks add --uuid nw-wan --ipv4-network 192.0.2.0 --ipv4-prefix 24 --network-mode physical',
  );
  await stage.type(
    'vnctl interfaces add --uuid if-h3-eth1 --mode host --port-name eth1 --network-uuid nw-wan --ipv4-address 192.0.2.3 --mac-address 52:54:00:77:00:03',
  );
  await stage.type(
    'vnctl interfaces add --uuid if-wan-gw --mode simulated --network-uuid nw-wan --ipv4-address 192.0.2.254',
  );
  await stage.type('vnctl router add --network nw-wan --route-link-uuid rl-router');
  await inEffect(play);
  await checked(play, 'red3 reaches 192.0.2.9');
  await checked(play, 'green3 reaches 192.0.2.9 tcp/80');
  await checked(play, 'www reaches 10.0.1.3 tcp/22');
}

async function cutOff(play: Play): Promise<void> {
  const { stage, file, runDirectory } = play;
  stage.heading('6: a host is cut off from the underlay');
  const place = { file: file.path, runDirectory, name: 'h2', say: (line: string) => stage.say(`    ${line}`) };
  stage.say('  $ vnctl lab cut h2');
  await labCut(place);
  await checked(play, 'red1 does not reach 10.0.1.2');
  await checked(play, 'red1 reaches 10.0.1.3 tcp/22');
  await checked(play, 'red2 gets 10.0.1.2 by dhcp');
  stage.say('  $ vnctl lab join h2');
  await labJoin(place);
  await checked(play, 'red1 reaches 10.0.1.2');
}

async function moving(play: Play): Promise<void> {
  const { stage, file, runDirectory } = play;
  stage.heading('7: a guest moves to another host');
  const place = { file: file.path, runDirectory, name: 'red2', say: (line: string) => stage.say(`    ${line}`) };
  stage.say('  $ vnctl lab move red2 h3');
  await labMove({ ...place, host: 'h3' });
  await inEffect(play);
  await checked(play, 'red1 reaches 10.0.1.2 seen only by red2');
  await checked(play, 'red3 reaches 10.0.1.2 tcp/22');
}

/** Pings until all is answered, three times at most: an Open vSwitch in userspace loses what it sends to a host that it has not heard of. */
async function warm({ stage, scene }: Play, from: string, address: string): Promise<PingResult> {
  let ping = await guestOf(scene, from).ping(address);
  for (let tries = 1; tries < 3 && !allReplied(ping); tries++) ping = await guestOf(scene, from).ping(address);
  stage.show(`ip netns exec ${from} ${ping.command}`, ping.output);
  return ping;
}

/** States a check of a lab file, and whether it holds. */
async function checked({ stage, scene }: Play, sentence: string): Promise<void> {
  const check = parseCheck(sentence);
  if (typeof check === 'string') throw new LabError(check);
  const { holds, because } = await runCheck(check, scene);
  stage.expect(holds, sentence, because);
}

async function network(stage: Stage, name: string, address: string): Promise<void> {
  await stage.type(
    `vnctl networks add --uuid nw-${name} --ipv4-network ${address} --ipv4-prefix 24 --network-mode virtual`,
  );
}

async function guest(stage: Stage, network: string, n: number, address: string): Promise<void> {
  const number = { red: 1, blue: 2, green: 3 }[network];
  await stage.type(
    `vnctl interfaces add --uuid if-${network}${n} --port-name ${network}${n} --network-uuid nw-${network} --ipv4-address ${address} --mac-address 52:54:00:0${number}:00:0${n}`,
  );
}
