import { agentReasons, ask } from '@openvnet/compiler';
import {
  echoRequest,
  interfaceRows,
  macOf,
  networkRows,
  type Put,
  routeRows,
  routingLease,
  TestModel,
  TestSwitch,
  translatingRow,
  translationRows,
} from '@openvnet/compiler/testing';
import {
  checksum,
  decodeEthernet,
  decodeIcmp,
  decodeIpv4,
  encodeEthernet,
  encodeIcmp,
  encodeIpv4,
  encodeUdp,
  icmpError,
} from '@openvnet/packet';
import { beforeEach, describe, expect, it } from 'vitest';
import { AnsweringSwitch, heldAfter } from '../testing/answering-switch.ts';

const ip = (network: number, host: number): number => 0x0a000000 + network * 256 + host;
const [remote, outer, inner, router] = [ip(2, 21), ip(2, 100), ip(1, 11), ip(7, 1)];
const whole = { ingress_ipv4_address: outer, egress_ipv4_address: inner };
const port = (outside: number, inside: number) => ({ ingress_port_number: outside, egress_port_number: inside });

let model: TestModel;
let agent: AnsweringSwitch;

/** Guest 11 is inside, in network 1; guest 21 is outside, in network 2, whose gateway 102 translates. */
beforeEach(() => {
  model = new TestModel();
  put(
    ...networkRows(1),
    ...networkRows(2),
    ...interfaceRows(11, 1, inner),
    ...interfaceRows(21, 2, remote),
    ...interfaceRows(101, 1, ip(1, 254), 'simulated'),
    ...interfaceRows(102, 2, ip(2, 254), 'simulated'),
    translatingRow(102),
    routingLease(202, 102, 2, outer),
    ...routeRows(1, 1, 101, 1),
    ...routeRows(2, 1, 102, 2),
  );
  agent = new AnsweringSwitch(model, [11, 21]);
});

function put(...rows: readonly Put[]): void {
  for (const row of rows) model.put(...row);
}

interface Ends {
  readonly src: number;
  readonly dst: number;
}

/** A datagram as it was quoted, with a right checksum of its own. */
function datagram(ends: Ends, src_port: number, dst_port: number): Buffer {
  const payload = encodeUdp({ src_port, dst_port, payload: Buffer.from('sixteen bytes...') }, ends);
  return encodeIpv4({ ...ends, protocol: 17, payload });
}

function error(from: number, quoted: Uint8Array, type = 3): Buffer {
  const packet = icmpError(quoted, { type, code: type === 3 ? 3 : 0, src: from })!;
  return encodeEthernet({ dst: macOf(102), src: macOf(21), type: 0x0800, payload: packet });
}

/** What went on, its quote, and what the switch does with it. */
function translated(frame: Uint8Array, held: { gateway?: number; translator?: number; route_link?: number }) {
  return agent.hand('icmp_translation', 21, frame, held).map((sent) => {
    const { src, dst, payload } = decodeIpv4(decodeEthernet(sent.frame).payload);
    const { type, payload: quote } = decodeIcmp(payload);
    const quoted = decodeIpv4(quote);
    const udp = Buffer.from(quoted.payload);
    const pseudo = [quoted.src >>> 16, quoted.src & 0xffff, quoted.dst >>> 16, quoted.dst & 0xffff, 17, udp.length];
    return {
      ends: [type, src, dst],
      quoted: [quoted.src, udp.readUInt16BE(0), quoted.dst, udp.readUInt16BE(2)],
      sound:
        checksum(
          udp,
          pseudo.reduce((a, b) => a + b),
        ) === 0,
      held: (['gateway', 'route_link', 'translator'] as const).map(heldAfter(sent.actions)),
      on: sent.actions.at(-1),
    };
  });
}

const inward = (frame: Uint8Array) => translated(frame, { gateway: 102 });
const outward = (frame: Uint8Array, route_link = 1) => translated(frame, { gateway: 101, translator: 102, route_link });
const quotedOut = datagram({ src: outer, dst: remote }, 8080, 5000);
const quotedIn = datagram({ src: remote, dst: inner }, 5000, 80);

describe('an ICMP error about a translated packet', () => {
  it('that comes in has its quote translated as the packet had come from inside, and goes on to be routed', () => {
    put(...translationRows(1, 102, [whole]));
    expect(inward(error(router, quotedOut, 11))).toEqual([
      {
        ends: [11, router, inner],
        quoted: [inner, 8080, remote, 5000],
        sound: true,
        held: [102, 0, 0],
        on: ask('route_in'),
      },
    ]);
  });

  it('that goes out has it translated as the packet had come in, and is from an address outside, as its sender is', () => {
    put(...translationRows(1, 102, [whole]));
    const on = { held: [101, 1, 102], on: ask('leave') };
    const wanted = { ends: [3, outer, remote], quoted: [remote, 5000, outer, 80], sound: true, ...on };
    expect(outward(error(inner, quotedIn))).toMatchObject([wanted]);
    // A router inside has no address outside.
    expect(outward(error(ip(1, 254), quotedIn))).toMatchObject([wanted]);
    // Another host inside has its own.
    put(...translationRows(5, 102, [{ ingress_ipv4_address: ip(2, 100), egress_ipv4_address: ip(1, 12) }]));
    put(routingLease(203, 102, 2, ip(2, 101)));
    put(...translationRows(6, 102, [{ ingress_ipv4_address: ip(2, 101), egress_ipv4_address: ip(1, 13) }]));
    expect(outward(error(ip(1, 13), quotedIn))).toMatchObject([{ ...wanted, ends: [3, ip(2, 101), remote] }]);
  });

  it('of the gateway itself quotes the packet as its sender outside knows it, also with the port outside', () => {
    const told = (packet: Buffer) => {
      const frame = encodeEthernet({ dst: macOf(102), src: macOf(21), type: 0x0800, payload: packet });
      const [sent] = agent.hand('time_exceeded', 21, frame, { gateway: 102, route_link: 1 });
      const { src, dst, payload } = decodeIpv4(decodeEthernet(sent!.frame).payload);
      const quoted = decodeIpv4(decodeIcmp(payload).payload);
      return [src, dst, quoted.dst, Buffer.from(quoted.payload).readUInt16BE(2)];
    };
    const untranslated = [ip(2, 254), remote, inner, 80];
    expect(told(quotedIn)).toEqual(untranslated);
    put(...translationRows(1, 102, [{ ...whole, ...port(8080, 80) }]));
    expect(told(quotedIn)).toEqual([ip(2, 254), remote, outer, 8080]);
    expect(told(datagram({ src: remote, dst: inner }, 5000, 81))).toEqual([ip(2, 254), remote, inner, 81]);
  });

  it('is told by the port in its quote which entry it is about', () => {
    const other = { ...whole, egress_ipv4_address: ip(1, 12), ...port(8081, 81) };
    put(...translationRows(1, 102, [{ ...whole, ...port(8080, 80) }, other]));
    const quoted = (number: number): Buffer => error(router, datagram({ src: outer, dst: remote }, number, 5000));
    expect(inward(quoted(8080))).toMatchObject([{ ends: [3, router, inner], quoted: [inner, 80, remote, 5000] }]);
    expect(inward(quoted(8081))).toMatchObject([
      { ends: [3, router, ip(1, 12)], quoted: [ip(1, 12), 81, remote, 5000] },
    ]);
    expect(inward(quoted(8082))).toEqual([]);
    expect(outward(error(inner, quotedIn))).toMatchObject([{ quoted: [remote, 5000, outer, 8080], sound: true }]);
  });

  it('of an entry for one logical router goes into that, and out of no other', () => {
    put(...translationRows(1, 102, [{ ...whole, route_link_id: 3 }]));
    expect(inward(error(router, quotedOut))).toMatchObject([{ held: [102, 3, 0], on: ask('route_out') }]);
    expect([outward(error(inner, quotedIn), 3).length, outward(error(inner, quotedIn), 1).length]).toEqual([1, 0]);
  });

  it('quotes eight bytes of TCP without their checksum, a datagram without one, and an echo', () => {
    put(...translationRows(1, 102, [whole]));
    const ends = { src: outer, dst: remote };
    const quoteOf = (protocol: number, payload: Buffer): Buffer => {
      const [sent] = agent.hand('icmp_translation', 21, error(router, encodeIpv4({ ...ends, protocol, payload })), {
        gateway: 102,
      });
      const quote = decodeIpv4(decodeIcmp(decodeIpv4(decodeEthernet(sent!.frame).payload).payload).payload);
      expect([quote.src, quote.dst]).toEqual([inner, remote]);
      return Buffer.from(quote.payload);
    };
    const eight = Buffer.from('1f90138800000001', 'hex');
    expect(quoteOf(6, eight)).toEqual(eight);
    const unsummed = Buffer.from('1f90138800080000', 'hex');
    expect(quoteOf(17, unsummed)).toEqual(unsummed);
    const echo = encodeIcmp({ type: 8, code: 0, rest: 7, payload: Buffer.alloc(4) });
    expect(quoteOf(1, echo)).toEqual(echo);
  });

  it('goes no further when it is about nothing translated, unless that may pass as it is', () => {
    put(...translationRows(1, 102, [whole]));
    const foreign = error(router, datagram({ src: ip(9, 9), dst: remote }, 1, 2));
    expect(inward(foreign)).toEqual([]);
    put(...translationRows(1, 102, [whole], true));
    expect(agent.hand('icmp_translation', 21, foreign, { gateway: 102 })).toMatchObject([{ frame: foreign }]);
  });

  it('that is cut short, wrong or no error at all harms nobody', () => {
    put(...translationRows(1, 102, [whole]));
    const frame = error(router, quotedOut);
    for (let size = 14; size < frame.length; size++) inward(frame.subarray(0, size));
    const icmp = (payload: Buffer): Buffer =>
      encodeEthernet({
        dst: 1,
        src: 2,
        type: 0x0800,
        payload: encodeIpv4({ src: router, dst: outer, protocol: 1, payload }),
      });
    for (const quote of [Buffer.alloc(0), quotedOut.subarray(0, 19), Buffer.alloc(40, 0xff), Buffer.alloc(40)])
      expect(inward(icmp(encodeIcmp({ type: 3, code: 0, rest: 0, payload: quote })))).toEqual([]);
    const flipped = Buffer.from(frame);
    flipped[40]! ^= 1;
    expect(inward(flipped)).toEqual([]);
  });

  it('is handed to the agent where it would be translated, and nowhere else', () => {
    put(...translationRows(1, 102, [whole]));
    const vswitch = new TestSwitch(model).port(11).port(21);
    const reasons = (packet: ReturnType<typeof echoRequest>, icmpv4_type: number): number[] =>
      vswitch.run({ ...packet, icmpv4_type }).toAgent.map(({ reason }) => reason);
    const enters = echoRequest(21, remote, { mac: macOf(102), ip: outer });
    const leaves = echoRequest(11, inner, { mac: macOf(101), ip: remote });
    for (const type of [3, 4, 5, 11, 12])
      expect([reasons(enters, type), reasons(leaves, type)]).toEqual([
        [agentReasons.icmp_translation],
        [agentReasons.icmp_translation],
      ]);
    expect([reasons(enters, 8), reasons(leaves, 8)]).toEqual([[], []]);
    // What is for the gateway itself, and what crosses no translation.
    expect(reasons(echoRequest(21, remote, { mac: macOf(102), ip: ip(2, 254) }), 3)).toEqual([
      agentReasons.port_unreachable,
    ]);
    put(translatingRow(102, false));
    expect(reasons(leaves, 3)).toEqual([]);
  });
});
