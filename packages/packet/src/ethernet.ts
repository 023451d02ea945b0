import { Reader, Writer } from '@openvnet/wire';

/** The tag of a frame in a VLAN. `dei` is present only if the frame may be dropped first. IEEE 802.1Q-2022, 9.6. */
export interface VlanTag {
  vid: number;
  pcp: number;
  dei?: true;
}

/**
 * An Ethernet frame without its check sequence. `type` is that of the payload, after the VLAN tag if there is one;
 * below 0x600 it is the length of an IEEE 802.3 frame, and the payload begins with its LLC header.
 */
export interface Ethernet {
  dst: number;
  src: number;
  type: number;
  vlan?: VlanTag;
  payload: Uint8Array;
}

/** Ethernet types of payloads. */
export const etherType = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100 } as const;

/** Reads a frame; `payload` is a view of `bytes`, padding included. Throws `DecodeError` if it ends too early. */
export function decodeEthernet(bytes: Uint8Array): Ethernet {
  const from = new Reader(bytes);
  const dst = from.u48();
  const src = from.u48();
  const type = from.u16();
  if (type !== etherType.vlan) return { dst, src, type, payload: from.rest() };
  const vlan = vlanTag(from.u16());
  return { dst, src, type: from.u16(), vlan, payload: from.rest() };
}

/** Writes a frame, padded with zeros to `minSize` bytes. Ethernet requires 60. */
export function encodeEthernet(frame: Ethernet, { minSize = 0 }: { minSize?: number } = {}): Buffer {
  const { vlan } = frame;
  const to = new Writer(Math.max(minSize, 18 + frame.payload.length)).u48(frame.dst).u48(frame.src);
  if (vlan !== undefined) to.u16(etherType.vlan).u16(tagNumber(vlan));
  to.u16(frame.type).bytes(frame.payload);
  return to.zeros(Math.max(0, minSize - to.size)).finish();
}

function vlanTag(number: number): VlanTag {
  const tag = { vid: number & 0xfff, pcp: number >>> 13 };
  return (number & 0x1000) === 0 ? tag : { ...tag, dei: true };
}

function tagNumber({ vid, pcp, dei }: VlanTag): number {
  if (vid < 0 || vid > 0xfff) throw new RangeError(`vid ${vid} does not fit 12 bits`);
  if (pcp < 0 || pcp > 7) throw new RangeError(`pcp ${pcp} does not fit 3 bits`);
  return (pcp << 13) | (dei ? 0x1000 : 0) | vid;
}
