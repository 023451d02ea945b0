import { interfaceRows, macOf, networkRows, TestModel } from '@openvnet/compiler/testing';
import { encodeArp, encodeEthernet, encodeIpv4, encodeUdp, etherType, ipProtocol } from '@openvnet/packet';
import { beforeEach, describe, expect, it } from 'vitest';
import { AnsweringSwitch } from '../testing/answering-switch.ts';
import { Notices } from './notices.ts';

const ip = (host: number): number => 0x0a000100 + host;
const everyone = 0xffff_ffff_ffff;
let agent: AnsweringSwitch;

/** Network 1 with guest 11 and gateway 103. */
beforeEach(() => {
  const model = new TestModel();
  for (const row of [...networkRows(1), ...interfaceRows(11, 1, ip(1)), ...interfaceRows(103, 1, ip(254), 'simulated')])
    model.put(...row);
  agent = new AnsweringSwitch(model, [11]);
});

function said(reason: 'refused' | 'unanswered', frame: Buffer): string[] {
  expect(agent.hand(reason, 11, frame)).toEqual([]);
  return [...agent.served.notices.of(11)].map(({ what }) => what);
}

function packet(src: number, from = macOf(11), vlan?: { vid: number; pcp: number }): Buffer {
  const payload = encodeIpv4({ src, dst: ip(2), protocol: ipProtocol.icmp, payload: new Uint8Array(8) });
  return encodeEthernet({ dst: macOf(12), src: from, type: etherType.ipv4, payload, ...(vlan && { vlan }) });
}

function arp(spa: number, tpa: number, sha = macOf(11)): Buffer {
  const payload = encodeArp({ operation: 1, sha, spa, tha: 0, tpa });
  return encodeEthernet({ dst: everyone, src: macOf(11), type: etherType.arp, payload });
}

describe('what a guest did in vain', () => {
  it('is kept in words, with the command that would have it taken', () => {
    const addresses = { src: 0, dst: 0xffff_ffff };
    const udp = encodeUdp({ src_port: 68, dst_port: 67, payload: new Uint8Array(240) }, addresses);
    const dhcp = encodeIpv4({ ...addresses, protocol: ipProtocol.udp, payload: udp });
    const cases: readonly [Buffer, string][] = [
      [
        packet(ip(1), macOf(99)),
        'uses MAC address 52:54:00:00:00:63, and its lease says 52:54:00:00:00:0b. Use: vnctl interfaces modify if-11 --mac-address 52:54:00:00:00:63',
      ],
      [
        packet(ip(77)),
        'sent a packet from source 10.0.1.77, and its lease says 10.0.1.1. Use: vnctl interfaces modify if-11 --ipv4-address 10.0.1.77',
      ],
      [
        packet(0x0b000001),
        'sent a packet from source 11.0.0.1, and its lease says 10.0.1.1; 11.0.0.1 is of no network of if-11: change the address inside the guest',
      ],
      [
        packet(ip(1), macOf(11), { vid: 10, pcp: 0 }),
        'sent a frame with VLAN tag 10; its port takes untagged frames only',
      ],
      [arp(ip(1), ip(2), macOf(12)), 'sent ARP for MAC address 52:54:00:00:00:0c from 52:54:00:00:00:0b'],
      [
        encodeEthernet({ dst: everyone, src: macOf(11), type: etherType.ipv4, payload: dhcp }),
        'sent a DHCP request, but nw-1 has no dhcp service. Use: vnctl network-services add --interface-uuid if-103 --mode dhcp',
      ],
      [
        encodeEthernet({ dst: everyone, src: macOf(11), type: 0x88b5, payload: new Uint8Array(46) }),
        'sent a frame of type 0x88b5; networks carry IPv4 and ARP only',
      ],
    ];
    for (const [frame, what] of cases) expect(said('refused', frame)).toEqual([what]);
  });

  it('is kept by reason: what it asks for and nobody has is another thing', () => {
    said('refused', packet(ip(77)));
    expect(said('unanswered', arp(ip(1), 0x0a000203))).toEqual([
      expect.stringContaining('source 10.0.1.77'),
      'asks for 10.0.2.3, which is outside nw-1 (10.0.1.0/24): netmask or route inside the guest',
    ]);
    expect(said('unanswered', arp(ip(1), ip(99)))[1]).toBe(
      'asks for 10.0.1.99, which nobody in nw-1 has. Use: vnctl interfaces add --network-uuid nw-1 --ipv4-address 10.0.1.99 --port-name PORT',
    );
  });

  it('is nothing where a frame cannot be read, nor of an interface that has gone', () => {
    expect(said('refused', packet(ip(77)).subarray(0, 20))).toEqual([]);
    said('refused', packet(ip(77)));
    agent.served.setPort('if-11', undefined);
    agent.served.compiler.update();
    expect([...agent.served.notices.of()]).toEqual([]);
  });

  it('has an age', () => {
    const notices = new Notices();
    notices.put(1, 'refused', 'a', 1000);
    expect([...notices.of(1, 5500)]).toEqual([{ interface_id: 1, what: 'a', seconds_ago: 4 }]);
  });
});
