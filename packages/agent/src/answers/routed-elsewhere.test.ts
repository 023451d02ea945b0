import { ask } from '@openvnet/compiler';
import { datapathRow, interfaceRows, macOf, networkRows, routeRows, TestModel } from '@openvnet/compiler/testing';
import { decodeEthernet, decodeIcmp, decodeIpv4, encodeEthernet, encodeIpv4 } from '@openvnet/packet';
import { beforeEach, describe, expect, it } from 'vitest';
import { AnsweringSwitch, heldAfter, type Sent } from '../testing/answering-switch.ts';

const ip = (network: number, host: number): number => 0x0a000000 + network * 256 + host;
const [tunnelPort, routeLink, inside] = [1000, 1, 101];
/** MAC addresses of a packet that one host has left to another to route: with the route link and the gateway where it came in. */
const left = { src: 0x0652_0000_0000 + inside, dst: 0x0656_0000_0000 + routeLink };

let agent: AnsweringSwitch;

/** The sender is 10.0.1.1, in network 1, which gateway 101 joins to network 2. */
beforeEach(() => {
  const model = new TestModel();
  for (const row of [
    ...networkRows(1),
    ...networkRows(2),
    ...interfaceRows(inside, 1, ip(1, 254), 'simulated'),
    ...interfaceRows(102, 2, ip(2, 254), 'simulated'),
    ...routeRows(1, routeLink, inside, 1),
    ...routeRows(2, routeLink, 102, 2),
    datapathRow(1),
    datapathRow(2),
  ])
    model.put(...row);
  agent = new AnsweringSwitch(model, []);
  agent.served.setTunnel('geneve', tunnelPort);
});

function frameOf(size: number): Uint8Array {
  const payload = Buffer.alloc(size - 20, 0x61);
  const packet = encodeIpv4({ src: ip(1, 1), dst: ip(2, 9), protocol: 17, payload, dont_fragment: true });
  return encodeEthernet({ ...left, type: 0x0800, payload: packet });
}

/** Where an error goes: by the tables that find the sender, on whichever host it is. */
function expectToSender({ frame, actions, port }: Sent, error: { type: number; code: number }): void {
  expect(port).toBeUndefined();
  const packet = decodeIpv4(decodeEthernet(frame).payload);
  expect(packet).toMatchObject({ src: ip(1, 254), dst: ip(1, 1), protocol: 1 });
  expect(decodeIcmp(packet.payload)).toMatchObject(error);
  expect(actions.slice(-2)).toEqual([ask('neighbour'), ask('rewrite')]);
  const held = heldAfter(actions);
  expect([held('domain'), held('target_ip'), held('gateway_mac')]).toEqual([1, ip(1, 1), macOf(inside)]);
}

describe('the sender of a packet that another host routes', () => {
  it('is told that there is no such station, by the host with the uplink', () => {
    const [error, ...more] = agent.hand('host_unreachable', tunnelPort, frameOf(100), { gateway: inside });
    expect(more).toEqual([]);
    expectToSender(error!, { type: 3, code: 1 });
  });

  it('is told what the tunnel takes, by its own host', () => {
    const [error, ...more] = agent.hand('too_large_for_tunnel', 11, frameOf(1500), { domain: 2, peer: 2 });
    expect(more).toEqual([]);
    expectToSender(error!, { type: 3, code: 4 });
  });
});
