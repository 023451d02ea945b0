import { DecodeError } from '@openvnet/wire';
import { describe, expect, it } from 'vitest';
import {
  checksum,
  decodeArp,
  decodeEthernet,
  decodeIcmp,
  decodeIpv4,
  decodeUdp,
  encodeArp,
  encodeEthernet,
  encodeIcmp,
  encodeIpv4,
  encodeUdp,
  ipv4ToText,
  macToText,
} from './index.ts';

/** Bytes written as hex, with `#` comments. */
function hex(text: string): Buffer {
  return Buffer.from(text.replace(/#.*/g, '').replace(/\s/g, ''), 'hex');
}

const arpFrame = hex(`
  ff ff ff ff ff ff  52 54 00 00 00 01   # broadcast, from 52:54:00:00:00:01
  81 00  60 0a                           # VLAN 10, priority 3
  08 06                                  # ARP
  00 01  08 00  06  04  00 01            #   Ethernet, IPv4, request
  52 54 00 00 00 01  0a 00 00 01         #   sender
  00 00 00 00 00 00  0a 00 00 fe         #   target 10.0.0.254
`);

const udpFrame = hex(`
  52 54 00 00 00 02  52 54 00 00 00 01  08 00
  45 00  00 20  00 2a  40 00  40 11  26 a1   # 32 bytes, id 42, don't fragment, ttl 64, UDP
  0a 00 00 01  0a 00 00 02                   # 10.0.0.1 to 10.0.0.2
  13 88  00 35  00 0c  13 50                 #   5000 to 53, 12 bytes
  61 62 63 64                                #   "abcd"
  00 00 00 00 00 00 00 00 00 00 00 00 00 00  # padding of the frame
`);

const pingPacket = hex(`
  45 00  00 20  00 01  00 00  40 01  aa 23   # 32 bytes, ttl 64, ICMP
  c0 a8 00 01  08 08 08 08                   # 192.168.0.1 to 8.8.8.8, which does not matter to ICMP
  08 00  e5 ca  12 34  00 01                 #   echo request, identifier 0x1234, sequence 1
  00 00 00 00                                #   data
`);

describe('golden frames', () => {
  it('an ARP request in a VLAN reads and writes', () => {
    const { payload, ...frame } = decodeEthernet(arpFrame);
    expect(frame).toEqual({
      dst: 0xffff_ffff_ffff,
      src: 0x5254_0000_0001,
      type: 0x0806,
      vlan: { vid: 10, pcp: 3 },
    });
    const arp = decodeArp(payload);
    expect(arp).toEqual({ operation: 1, sha: 0x5254_0000_0001, spa: 0x0a00_0001, tha: 0, tpa: 0x0a00_00fe });
    expect(encodeEthernet({ ...frame, payload: encodeArp(arp) })).toEqual(arpFrame);
  });

  it('a UDP datagram reads and writes, and the padding of its frame is none of it', () => {
    const frame = decodeEthernet(udpFrame);
    const packet = decodeIpv4(frame.payload);
    expect({ ...packet, options: [...packet.options], payload: packet.payload.length }).toEqual({
      dscp: 0,
      ecn: 0,
      identification: 42,
      dont_fragment: true,
      more_fragments: false,
      fragment_offset: 0,
      ttl: 64,
      protocol: 17,
      src: 0x0a00_0001,
      dst: 0x0a00_0002,
      options: [],
      payload: 12,
    });
    const udp = decodeUdp(packet.payload, packet);
    expect({ ...udp, payload: Buffer.from(udp.payload).toString() }).toEqual({
      src_port: 5000,
      dst_port: 53,
      payload: 'abcd',
    });
    const payload = encodeIpv4({ ...packet, payload: encodeUdp(udp, packet) });
    expect(encodeEthernet({ ...frame, payload }, { minSize: 60 })).toEqual(udpFrame);
  });

  it('an echo request reads and writes', () => {
    const packet = decodeIpv4(pingPacket);
    const icmp = decodeIcmp(packet.payload);
    expect({ ...icmp, payload: icmp.payload.length }).toEqual({ type: 8, code: 0, rest: 0x1234_0001, payload: 4 });
    expect(encodeIpv4({ ...packet, payload: encodeIcmp(icmp) })).toEqual(pingPacket);
  });

  it('payloads are views of the input', () => {
    const { payload } = decodeIpv4(decodeEthernet(udpFrame).payload);
    expect(payload.buffer).toBe(udpFrame.buffer);
    expect(payload.byteOffset).toBe(udpFrame.byteOffset + 34);
  });
});

describe('what is refused', () => {
  it.each([
    ['another IP version', 0, 0x65, 'IP version is 6, not 4 at byte 0'],
    ['a header that is too short', 0, 0x44, 'header length 16 is below 20 at byte 0'],
    ['a header longer than the packet', 0, 0x4f, '60 bytes expected, 32 left at byte 0'],
    ['a wrong header checksum', 8, 63, 'IPv4 header checksum is wrong at byte 10'],
  ])('%s', (_, at, value, message) => {
    const packet = Buffer.from(pingPacket);
    packet[at] = value;
    expect(() => decodeIpv4(packet)).toThrow(
      new DecodeError(message.replace(/ at byte.*/, ''), Number(message.match(/\d+$/)![0])),
    );
  });

  it('a packet that is shorter than its total length', () => {
    expect(() => decodeIpv4(pingPacket.subarray(0, 30))).toThrow('12 bytes expected, 10 left at byte 20');
  });

  it('wrong checksums of ICMP and UDP, and UDP that came to another address', () => {
    const packet = decodeIpv4(decodeEthernet(udpFrame).payload);
    const corrupt = Buffer.from(packet.payload);
    corrupt[8]! ^= 1;
    expect(() => decodeUdp(corrupt, packet)).toThrow('UDP checksum is wrong at byte 6');
    expect(() => decodeUdp(packet.payload, { ...packet, dst: packet.dst + 1 })).toThrow('UDP checksum is wrong');
    expect(() => decodeIcmp(Buffer.from('0800000000000000', 'hex'))).toThrow('ICMP checksum is wrong at byte 2');
  });

  it('ARP for other networks than Ethernet', () => {
    expect(() => decodeArp(hex('0006 0800 06 04 0001'))).toThrow('ARP with hardware 6, not 1 at byte 0');
  });

  it('values that do not fit, when writing', () => {
    const packet = decodeIpv4(pingPacket);
    expect(() => encodeIpv4({ ...packet, dscp: 64 })).toThrow('dscp 64 does not fit 6 bits');
    expect(() => encodeIpv4({ ...packet, options: Uint8Array.of(1) })).toThrow('options take');
    expect(() => encodeEthernet({ ...decodeEthernet(arpFrame), vlan: { vid: 4096, pcp: 0 } })).toThrow('vid 4096');
  });
});

describe('UDP checksums', () => {
  it('zero means none', () => {
    const datagram = hex('1388 0035 000a 0000 6162');
    expect(decodeUdp(datagram, { src: 1, dst: 2 }).src_port).toBe(5000);
  });

  it('a sum of zero is written as all ones', () => {
    const addresses = { src: 0, dst: 0 };
    // Protocol 17 and the size 10 twice: the payload makes the sum 0xffff.
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(0xffff - 17 - 10 - 10);
    const datagram = encodeUdp({ src_port: 0, dst_port: 0, payload }, addresses);
    expect(datagram.toString('hex', 6, 8)).toBe('ffff');
    expect(decodeUdp(datagram, addresses).payload.length).toBe(2);
  });
});

describe('checksum', () => {
  it('gives the known values', () => {
    expect(checksum(hex('0001 f203 f4f5 f6f7'))).toBe(0xffff - 0xddf2); // RFC 1071, 3
    expect(checksum(hex('4500 0073 0000 4000 4011 0000 c0a8 0001 c0a8 00c7'))).toBe(0xb861);
    expect(checksum(new Uint8Array())).toBe(0xffff);
    expect(checksum(Uint8Array.of(1))).toBe(0xfeff); // an odd byte is the high one
    expect(checksum(new Uint8Array(100_001).fill(0xff))).toBe(0x00ff);
  });
});

describe('text', () => {
  it('writes addresses as people do', () => {
    expect(macToText(0x0254_000d_8401)).toBe('02:54:00:0d:84:01');
    expect(macToText(0)).toBe('00:00:00:00:00:00');
    expect(ipv4ToText(0xffff_fe01)).toBe('255.255.254.1');
    expect(ipv4ToText(1)).toBe('0.0.0.1');
  });
});
