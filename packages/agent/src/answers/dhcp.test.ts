import { agentReasons, type Outcome, type Packet } from '@openvnet/compiler';
import {
  datapathRow,
  interfaceRows,
  macOf,
  networkRows,
  placementRow,
  routeRows,
  serviceRows,
  TestModel,
  TestSwitch,
} from '@openvnet/compiler/testing';
import {
  type Dhcp,
  type DhcpOptions,
  decodeDhcp,
  decodeEthernet,
  decodeIpv4,
  decodeUdp,
  dhcpType,
  encodeDhcp,
  encodeEthernet,
  encodeIpv4,
  encodeUdp,
} from '@openvnet/packet';
import { beforeEach, describe, expect, it } from 'vitest';
import { AnsweringSwitch } from '../testing/answering-switch.ts';

const ip = (network: number, host: number): number => 0x0a000000 + network * 256 + host;
const broadcastMac = 0xffff_ffff_ffff;
const everyone = 0xffff_ffff;

let model: TestModel;
let agent: AnsweringSwitch;

/** Network 1 with DHCP and DNS at 103 and a router to network 2 at 101; network 2 without services. */
beforeEach(() => {
  model = new TestModel();
  for (const row of [
    ...networkRows(1),
    ...networkRows(2),
    ...interfaceRows(11, 1, ip(1, 1)),
    ...interfaceRows(12, 1, ip(1, 2)),
    ...interfaceRows(21, 2, ip(2, 1)),
    ...interfaceRows(101, 1, ip(1, 254), 'simulated'),
    ...interfaceRows(102, 2, ip(2, 254), 'simulated'),
    ...interfaceRows(103, 1, ip(1, 253), 'simulated'),
    ...serviceRows(1, 103, 'dhcp'),
    ...serviceRows(2, 103, 'dns'),
    ...routeRows(1, 1, 101, 1),
    ...routeRows(2, 1, 102, 2),
  ])
    model.put(...row);
  agent = new AnsweringSwitch(model, [11, 12, 21]);
});

interface Given extends Partial<Omit<Dhcp, 'options'>> {
  options?: DhcpOptions;
  src?: number;
  dst?: number;
}

function frame(port: number, { options = {}, src = 0, dst = everyone, ...fields }: Given): Buffer {
  const message = {
    op: 1,
    htype: 1,
    hlen: 6,
    hops: 0,
    xid: 7,
    secs: 0,
    broadcast: false,
    ciaddr: 0,
    yiaddr: 0,
    siaddr: 0,
    giaddr: 0,
    chaddr: macOf(port),
    ...fields,
    options,
  };
  const payload = encodeUdp({ src_port: 68, dst_port: 67, payload: encodeDhcp(message) }, { src, dst });
  const packet = encodeIpv4({ protocol: 17, src, dst, payload });
  return encodeEthernet({ dst: broadcastMac, src: macOf(port), type: 0x0800, payload: packet });
}

/** What the client gets: where the frame goes, and the message. */
function ask(port: number, given: Given) {
  const [reply] = agent.hand('dhcp', port, frame(port, given));
  if (!reply) return undefined;
  const ethernet = decodeEthernet(reply.frame);
  const packet = decodeIpv4(ethernet.payload);
  const message = decodeDhcp(decodeUdp(packet.payload, packet).payload);
  return { port: reply.port, mac: ethernet.dst, to: packet.dst, from: packet.src, ...message };
}

describe('the flows of dhcp', () => {
  let vswitch: TestSwitch;
  const request = (port: number, changes: Packet = {}): Packet => ({
    in_port: port,
    eth_src: macOf(port),
    eth_dst: broadcastMac,
    eth_type: 0x0800,
    ipv4_src: 0,
    ipv4_dst: everyone,
    ip_proto: 17,
    udp_src: 68,
    udp_dst: 67,
    ...changes,
  });
  const seen = ({ sent, toAgent }: Outcome) => [sent.length, toAgent.map(({ reason }) => reason)];
  const taken = [0, [agentReasons.dhcp]];
  const dropped = [0, [agentReasons.refused]];

  beforeEach(() => {
    vswitch = new TestSwitch(model).port(11).port(12).port(21);
  });

  it('takes requests to the agent and to nobody else, without an address and with it', () => {
    expect(seen(vswitch.run(request(11)))).toEqual(taken);
    expect(seen(vswitch.run(request(11, { ipv4_src: ip(1, 1) })))).toEqual(taken);
    const renewal = request(11, { ipv4_src: ip(1, 1), ipv4_dst: ip(1, 253), eth_dst: macOf(103) });
    expect(seen(vswitch.run(renewal))).toEqual(taken);
  });

  it('lets nothing else in from 0.0.0.0, nor from another MAC address', () => {
    for (const changes of [{ eth_src: macOf(12) }, { udp_src: 69 }, { udp_dst: 53 }, { ip_proto: 6 }, { in_port: 12 }])
      expect(seen(vswitch.run(request(11, changes)))).toEqual(dropped);
  });

  it('takes none where the network has no service, and goes with it', () => {
    expect(seen(vswitch.run(request(21)))).toEqual(dropped);
    const before = vswitch.text();
    model.remove('network_service', 1);
    expect(seen(vswitch.run(request(11)))).toEqual(dropped);
    for (const row of serviceRows(1, 103, 'dhcp')) model.put(...row);
    expect(vswitch.text()).toBe(before);
  });

  it('says what a service waits for', () => {
    model.remove('network_service', 2);
    model.remove('ip_lease', 103);
    vswitch.compiler.update();
    expect([...vswitch.compiler.waits()].map(({ reason }) => reason)).toEqual([
      'an IP lease of if-103, which must be simulated',
    ]);
  });
});

describe('the answers of dhcp', () => {
  it('offers the lease with everything that a guest needs', () => {
    const offer = ask(11, {
      options: { message_type: dhcpType.discover, parameter_request_list: [28, 121, 3, 6, 15] },
    });
    expect(offer).toMatchObject({ port: 11, mac: macOf(11), to: ip(1, 1), from: ip(1, 253), yiaddr: ip(1, 1), xid: 7 });
    expect(Object.entries(offer!.options)).toEqual([
      ['message_type', dhcpType.offer],
      ['server_id', ip(1, 253)],
      ['lease_time', 86400],
      ['renewal_time', 43200],
      ['rebinding_time', 75600],
      ['subnet_mask', 0xffff_ff00],
      ['broadcast_address', ip(1, 255)],
      [
        'classless_routes',
        [
          { network: ip(2, 0), prefix: 24, router: ip(1, 254) },
          { network: 0, prefix: 0, router: ip(1, 254) },
        ],
      ],
      ['routers', [ip(1, 254)]],
      ['dns_servers', [ip(1, 253)]],
      ['domain_name', '1'],
    ]);
  });

  it('tells the largest packet where the network has one, and only then', () => {
    const told = () => ask(11, { options: { message_type: dhcpType.discover } })!.options.interface_mtu;
    expect(told()).toBeUndefined();
    for (const row of networkRows(1, undefined, { mtu: 1400 })) model.put(...row);
    expect(told()).toBe(1400);
  });

  it('tells what passes between the hosts of the network where nobody says', () => {
    const told = () => ask(11, { options: { message_type: dhcpType.discover } })!.options.interface_mtu;
    const host = (id: number, more: Parameters<typeof datapathRow>[1] = {}) => model.put(...datapathRow(id, more));
    host(1);
    expect(told()).toBeUndefined();
    host(2);
    agent.served.setTunnel('geneve', 1001);
    // A guest may come to the other host any time.
    expect(told()).toBe(1450);
    host(2, { underlay_mtu: 1400 });
    expect(told()).toBe(1450);
    model.put(...placementRow(12, 2));
    expect(told()).toBe(1350);
    host(1, { underlay_mtu: 9000 });
    host(2, { underlay_mtu: 9000 });
    expect(told()).toBeUndefined();
    for (const row of networkRows(1, undefined, { mtu: 8000 })) model.put(...row);
    expect(told()).toBe(8000);
  });

  it('acknowledges what is leased, however the client asks, and refuses what is not', () => {
    const message_type = dhcpType.request;
    const [own, other] = [ip(1, 1), ip(1, 2)];
    const type = (given: Given) => ask(11, given)?.options.message_type;
    const server_id = ip(1, 253);
    expect({
      selecting: type({ options: { message_type, server_id, requested_address: own } }),
      selectingWrong: type({ options: { message_type, server_id, requested_address: other } }),
      selectingAnother: type({ options: { message_type, server_id: ip(1, 9), requested_address: own } }),
      rebooting: type({ options: { message_type, requested_address: own } }),
      rebootingWrong: type({ options: { message_type, requested_address: ip(9, 9) } }),
      renewing: type({ src: own, dst: server_id, ciaddr: own, options: { message_type } }),
      rebinding: type({ src: own, ciaddr: own, options: { message_type } }),
      rebindingWrong: type({ src: own, ciaddr: other, options: { message_type } }),
    }).toEqual({
      selecting: 5,
      selectingWrong: 6,
      selectingAnother: undefined,
      rebooting: 5,
      rebootingWrong: 6,
      renewing: 5,
      rebinding: 5,
      rebindingWrong: 6,
    });
  });

  it('goes to everyone on the port where it is a refusal, or where that is asked for', () => {
    const nak = ask(11, { options: { message_type: dhcpType.request, requested_address: ip(1, 2) } });
    expect(nak).toMatchObject({ mac: broadcastMac, to: everyone, yiaddr: 0, siaddr: 0 });
    expect(ask(11, { broadcast: true, options: { message_type: dhcpType.discover } })).toMatchObject({
      mac: broadcastMac,
      to: everyone,
      broadcast: true,
    });
  });

  it('informs without a lease, hands the client id back, and counts what it does not answer', () => {
    const informed = ask(11, { src: ip(1, 1), ciaddr: ip(1, 1), options: { message_type: dhcpType.inform } });
    expect(informed).toMatchObject({ to: ip(1, 1), yiaddr: 0, options: { message_type: dhcpType.ack } });
    expect(informed!.options).not.toHaveProperty('lease_time');
    const client_id = Uint8Array.of(1, 2, 3);
    expect([...ask(11, { options: { message_type: 1, client_id } })!.options.client_id!]).toEqual([1, 2, 3]);
    for (const given of [
      { options: { message_type: dhcpType.release } },
      { options: { message_type: dhcpType.decline } },
      { giaddr: 5, options: { message_type: 1 } },
      { chaddr: macOf(12), options: { message_type: 1 } },
    ])
      expect(ask(11, given)).toBeUndefined();
    expect(agent.packetIns.counts).toEqual(
      new Map([
        ['dhcp inform', 1],
        ['dhcp offer', 1],
        ['dhcp release', 1],
        ['dhcp decline', 1],
        ['dhcp ignored', 2],
      ]),
    );
  });

  it('outlives what is malformed, and counts it', () => {
    const whole = frame(11, { options: { message_type: 1 } });
    for (const size of [0, 13, 20, 40, 60, 200, 281])
      expect(agent.hand('dhcp', 11, whole.subarray(0, size))).toEqual([]);
    expect(agent.packetIns.counts.get('dhcp malformed')).toBe(7);
    expect(ask(11, { options: { message_type: 1 } })).toBeDefined();
  });

  it('answers others while one port floods, with bounded memory', () => {
    const flood = frame(11, { options: { message_type: 1 } });
    let answered = 0;
    for (let i = 0; i < 10_000; i++) answered += agent.hand('dhcp', 11, flood).length;
    expect(answered).toBeGreaterThanOrEqual(100);
    expect(agent.packetIns.limited).toBe(10_000 - answered);
    expect(ask(12, { options: { message_type: 1 } })?.yiaddr).toBe(ip(1, 2));
    expect(agent.packetIns.spent.total / agent.packetIns.answered).toBeLessThan(5);
  });
});
