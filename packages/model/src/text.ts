import ipaddr from 'ipaddr.js';

/** Text of an IPv4 address as a number in host order; `undefined` if it is none. Leading zeros are refused (RFC 6943, 3.1.1). */
export function parseIpv4(text: string): number | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined;
  const [a, b, c, d] = text.split('.').map(Number) as [number, number, number, number];
  return a * 0x100_0000 + (b << 16) + (c << 8) + d;
}

/** An IPv4 address, a number in host order, in dotted form. */
export function ipv4ToText(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** The mask of `prefix` bits, 0 to 32, as a number in host order. */
export function prefixMask(prefix: number): number {
  return prefix === 0 ? 0 : (0xffff_ffff << (32 - prefix)) >>> 0;
}

/** `address` without the bits behind `prefix`. */
export function networkAddress(address: number, prefix: number): number {
  return (address & prefixMask(prefix)) >>> 0;
}

const macForms = [
  /^([0-9a-f]{1,2}):([0-9a-f]{1,2}):([0-9a-f]{1,2}):([0-9a-f]{1,2}):([0-9a-f]{1,2}):([0-9a-f]{1,2})$/i,
  /^([0-9a-f]{2})-([0-9a-f]{2})-([0-9a-f]{2})-([0-9a-f]{2})-([0-9a-f]{2})-([0-9a-f]{2})$/i,
  /^([0-9a-f]{2})([0-9a-f]{2})\.([0-9a-f]{2})([0-9a-f]{2})\.([0-9a-f]{2})([0-9a-f]{2})$/i,
];

/** Text of a MAC address (`52:54:00:0d:84:01`, with dashes, or `5254.000d.8401`) as a number of 48 bits. */
export function parseMac(text: string): number | undefined {
  for (const form of macForms) {
    const found = form.exec(text);
    if (found) return found.slice(1).reduce((mac, byte) => mac * 256 + Number.parseInt(byte, 16), 0);
  }
  return undefined;
}

/** A MAC address, a number of 48 bits, in lower-case colon form. */
export function macToText(mac: number): string {
  return mac
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?!$)/g, '$&:');
}

/** A datapath id in any usual spelling (`0x2fd...`, `000002fd...`, with colons) as 16 lower-case hexadecimal digits. */
export function parseDatapathId(text: string): string | undefined {
  const digits = text
    .replace(/^0x/i, '')
    .replace(/^(?:[0-9a-f]{2}:){7}[0-9a-f]{2}$/i, (colons) => colons.replaceAll(':', ''));
  return /^[0-9a-f]{1,16}$/i.test(digits) ? digits.toLowerCase().padStart(16, '0') : undefined;
}

/** A moment, in milliseconds since 1970, as answers show it: to the second, in UTC. */
export function timeToText(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** Whether a MAC address is of one station: not of a group, and not zero. */
export function isUnicastMac(mac: number): boolean {
  return mac !== 0 && Math.floor(mac / 2 ** 40) % 2 === 0;
}
