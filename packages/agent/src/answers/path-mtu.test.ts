import { agentReasons, ask, load } from '@openvnet/compiler';
import {
  datapathRow,
  echoRequest,
  interfaceRows,
  macOf,
  networkRows,
  routeRows,
  TestModel,
  TestSwitch,
} from '@openvnet/compiler/testing';
import {
  decodeEthernet,
  decodeIcmp,
  decodeIpv4,
  encodeEthernet,
  encodeIpv4,
  type Ipv4,
  type Ipv4Input,
} from '@openvnet/packet';
import { beforeEach, describe, expect, it } from 'vitest';
import { AnsweringSwitch, heldAfter, type Sent } from '../testing/answering-switch.ts';

const ip = (network: number, host: number): number => 0x0a000000 + network * 256 + host;

let model: TestModel;

/** Network 1, and network 2 with packets of up to 1400 bytes, joined by a router (gateways 101, 102). */
beforeEach(() => {
  model = new TestModel();
  for (const row of [
    ...networkRows(1),
    ...networkRows(2, undefined, { mtu: 1400 }),
    ...interfaceRows(11, 1, ip(1, 1)),
    ...interfaceRows(21, 2, ip(2, 1)),
    ...interfaceRows(101, 1, ip(1, 254), 'simulated'),
    ...interfaceRows(102, 2, ip(2, 254), 'simulated'),
    ...routeRows(1, 1, 101, 1),
    ...routeRows(2, 1, 102, 2),
  ])
    model.put(...row);
});

describe('a packet that is routed into a network with a largest packet', () => {
  let vswitch: TestSwitch;
  beforeEach(() => {
    vswitch = new TestSwitch(model).port(11).port(21);
  });
  /** Where a frame of so many bytes from one network to the other ends: a port, or the agent with the reason. */
  const sent = (size: number, ttl = 64, host = 1) => {
    const outcome = vswitch.run({ ...echoRequest(11, ip(1, 1), { mac: macOf(101), ip: ip(2, host) }, ttl), size });
    return [...outcome.sent.map(({ port }) => port), ...outcome.toAgent.map(({ reason }) => ({ reason }))];
  };
  const reason = agentReasons;

  it('passes up to its size, and goes to the agent above', () => {
    expect([sent(1414), sent(1415)]).toEqual([[21], [{ reason: reason.fragmentation_needed }]]);
  });

  it('has other reasons first', () => {
    expect([sent(1514, 1), sent(1514, 64, 9)]).toEqual([
      [{ reason: reason.time_exceeded }],
      [{ reason: reason.host_unreachable }],
    ]);
  });

  it('passes in the other direction, whatever its size', () => {
    const packet = echoRequest(21, ip(2, 1), { mac: macOf(102), ip: ip(1, 1) });
    expect(vswitch.run({ ...packet, size: 1514 }).sent.map(({ port }) => port)).toEqual([11]);
  });

  it('follows a change, without a flow more', () => {
    const withIt = vswitch.text();
    for (const row of networkRows(2, undefined, { mtu: 1500 })) model.put(...row);
    expect([sent(1514), sent(1515)]).toEqual([[21], [{ reason: reason.fragmentation_needed }]]);
    for (const row of networkRows(2)) model.put(...row);
    expect(sent(9000)).toEqual([21]);
    const without = vswitch.text();
    expect(without.split('\n').length).toBe(withIt.split('\n').length);
    expect(vswitch.compiler.flows.size).toBe(without.split('\n').length);
  });
});

describe('the agent, of a packet that is too large', () => {
  const registers = {
    domain: 2,
    known: 1,
    too_large: 1,
    gateway: 101,
    target_mac: macOf(21),
    gateway_mac: macOf(102),
  };
  let agent: AnsweringSwitch;
  beforeEach(() => {
    agent = new AnsweringSwitch(model, [11, 21]);
  });
  const hand = (size: number, changes: Partial<Ipv4Input> = {}): Sent[] => {
    const packet = encodeIpv4({
      src: ip(1, 1),
      dst: ip(2, 1),
      protocol: 17,
      payload: Buffer.alloc(size - 20, 0x61),
      ...changes,
    });
    const frame = encodeEthernet({ src: macOf(11), dst: macOf(101), type: 0x0800, payload: packet });
    return agent.hand('fragmentation_needed', 11, frame, registers);
  };
  const read = ({ frame }: Sent): Ipv4 => decodeIpv4(decodeEthernet(frame).payload);

  it('tells the sender what the network takes, where it must not be fragmented', () => {
    const [error, ...more] = hand(1500, { dont_fragment: true });
    expect([error!.port, more]).toEqual([11, []]);
    expect(decodeEthernet(error!.frame)).toMatchObject({ src: macOf(101), dst: macOf(11) });
    const packet = read(error!);
    expect(packet).toMatchObject({ src: ip(1, 254), dst: ip(1, 1), protocol: 1 });
    expect(decodeIcmp(packet.payload)).toMatchObject({ type: 3, code: 4, rest: 1400 });
  });

  it('sends it on in fragments otherwise, from where it was, as if nothing had happened', () => {
    const sent = hand(1500);
    expect(sent.map((one) => [read(one).payload.length, read(one).fragment_offset, read(one).ttl])).toEqual([
      [1376, 0, 64],
      [104, 172, 64],
    ]);
    for (const { frame, actions, port, in_port } of sent) {
      expect([port, in_port]).toEqual([undefined, 11]);
      expect(decodeEthernet(frame)).toMatchObject({ src: macOf(11), dst: macOf(101) });
      expect(actions.slice(-2)).toEqual([load('too_large', 0), ask('rewrite')]);
      for (const name of ['domain', 'known', 'gateway', 'target_mac', 'gateway_mac'] as const)
        expect([name, heldAfter(actions)(name)]).toEqual([name, registers[name]]);
    }
  });

  it('sends on what has only a long frame, and drops what nobody can read', () => {
    expect(hand(1400, { dont_fragment: true }).map((one) => read(one).dont_fragment)).toEqual([true]);
    expect(hand(1500, { options: Buffer.from('94010000', 'hex') })).toEqual([]);
    expect(agent.packetIns.counts.get('fragmentation_needed malformed')).toBe(1);
  });

  it('stays silent about errors, and when the network says nothing any more', () => {
    const error = Buffer.alloc(1480);
    error[0] = 3;
    expect(hand(1500, { protocol: 1, payload: error, dont_fragment: true })).toEqual([]);
    for (const row of networkRows(2)) model.put(...row);
    expect(hand(1500, { dont_fragment: true })).toEqual([]);
  });

  it('does so a hundred times at once for a port', () => {
    const answers = Array.from({ length: 150 }, () => hand(1500).length);
    expect(answers.slice(0, 100).every((count) => count === 2)).toBe(true);
    expect(agent.packetIns.limited).toBeGreaterThan(40);
  });
});

describe('the agent, of a frame that is too large for the tunnel to another host', () => {
  const registers = { domain: 1, peer: 2, too_large: 1, from_peer: 0 };
  const remoteMac = macOf(12);
  let agent: AnsweringSwitch;
  beforeEach(() => {
    for (const id of [1, 2]) model.put(...datapathRow(id));
    agent = new AnsweringSwitch(model, [11]);
    agent.served.setTunnel('geneve', 1001);
  });
  const hand = (size: number, changes: Partial<Ipv4Input> = {}): Sent[] => {
    const payload = Buffer.alloc(size - 20, 0x61);
    const packet = encodeIpv4({ src: ip(1, 1), dst: ip(1, 2), protocol: 17, payload, ...changes });
    const frame = encodeEthernet({ src: macOf(11), dst: remoteMac, type: 0x0800, payload: packet });
    return agent.hand('too_large_for_tunnel', 11, frame, registers);
  };
  const read = ({ frame }: Sent): Ipv4 => decodeIpv4(decodeEthernet(frame).payload);

  it('tells the sender in the name of the receiver what the tunnel takes', () => {
    const [error, ...more] = hand(1451, { dont_fragment: true });
    expect([error!.port, more]).toEqual([11, []]);
    expect(decodeEthernet(error!.frame)).toMatchObject({ src: remoteMac, dst: macOf(11) });
    expect(read(error!)).toMatchObject({ src: ip(1, 2), dst: ip(1, 1), protocol: 1 });
    expect(decodeIcmp(read(error!).payload)).toMatchObject({ type: 3, code: 4, rest: 1450 });
  });

  it('tells the sender also where another host is to route the packet, and the MAC addresses are not its own', () => {
    const payload = encodeIpv4({
      src: ip(1, 1),
      dst: 0x08080808,
      protocol: 17,
      payload: Buffer.alloc(1480),
      dont_fragment: true,
    });
    const frame = encodeEthernet({ src: 0x0a0000000001, dst: 0x0a0000000002, type: 0x0800, payload });
    const [error] = agent.hand('too_large_for_tunnel', 11, frame, registers);
    expect(decodeEthernet(error!.frame)).toMatchObject({ dst: macOf(11) });
  });

  it('sends it on into the tunnel in fragments otherwise', () => {
    const sent = hand(1500);
    expect(sent.map((one) => [read(one).payload.length, read(one).fragment_offset])).toEqual([
      [1424, 0],
      [56, 178],
    ]);
    for (const { actions, port, in_port } of sent) {
      expect([port, in_port]).toEqual([undefined, 11]);
      expect(actions.slice(-2)).toEqual([load('too_large', 0), ask('to_peer')]);
      expect([heldAfter(actions)('domain'), heldAfter(actions)('peer')]).toEqual([1, 2]);
    }
  });

  it('is silent once nothing limits the tunnel any more, and about what nobody may report', () => {
    const error = Buffer.alloc(1480);
    error[0] = 3;
    expect(hand(1500, { protocol: 1, payload: error, dont_fragment: true })).toEqual([]);
    model.put(...datapathRow(2, { underlay_mtu: null }));
    expect(hand(1500)).toEqual([]);
  });

  it('has routed packets told by the router, with what the tunnel takes', () => {
    const packet = encodeIpv4({
      src: ip(1, 1),
      dst: ip(2, 9),
      protocol: 17,
      payload: Buffer.alloc(1480),
      dont_fragment: true,
    });
    const frame = encodeEthernet({ src: macOf(11), dst: macOf(101), type: 0x0800, payload: packet });
    const routed = { ...registers, domain: 2, target_ip: ip(2, 9), gateway: 101, known: 1 };
    // Of the network's 1400 bytes and the tunnel's 1350 what is less.
    model.put(...datapathRow(2, { underlay_mtu: 1400 }));
    const [error] = agent.hand('fragmentation_needed', 11, frame, routed);
    expect(read(error!)).toMatchObject({ src: ip(1, 254) });
    expect(decodeIcmp(read(error!).payload)).toMatchObject({ type: 3, code: 4, rest: 1350 });
  });
});
