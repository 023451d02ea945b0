import { DecodeError, Reader, struct, u8, u16, u32, u48, Writer } from '@openvnet/wire';

/** Operations of ARP packets. */
export const arpOperation = { request: 1, reply: 2 } as const;

/** An ARP packet for IPv4 over Ethernet: hardware and protocol address of sender and target. RFC 826. */
export interface Arp {
  operation: number;
  sha: number;
  spa: number;
  tha: number;
  tpa: number;
}

/** The types and sizes of both addresses. Only Ethernet and IPv4 are supported. */
const kinds = { hardware: 1, protocol: 0x0800, hardware_size: 6, protocol_size: 4 };
const kindFields = struct({ hardware: u16, protocol: u16, hardware_size: u8, protocol_size: u8 });
const fields = struct({ operation: u16, sha: u48, spa: u32, tha: u48, tpa: u32 });

/** Reads an ARP packet; bytes after it are padding. Throws `DecodeError` if it is not one for IPv4 over Ethernet. */
export function decodeArp(bytes: Uint8Array): Arp {
  const from = new Reader(bytes);
  const found = kindFields.read(from);
  for (const [name, expected] of Object.entries(kinds)) {
    const value = found[name as keyof typeof kinds];
    if (value !== expected) throw new DecodeError(`ARP with ${name} ${value}, not ${expected}`, 0);
  }
  return fields.read(from);
}

export function encodeArp(arp: Arp): Buffer {
  const to = new Writer(28);
  kindFields.write(to, kinds);
  fields.write(to, arp);
  return to.finish();
}
