/** `52:54:00:0d:84:01`, from the 48 bits of a MAC address. */
export function macToText(mac: number): string {
  return mac
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?=.)/g, '$&:');
}

/** `10.0.0.1`, from the 32 bits of an IPv4 address. */
export function ipv4ToText(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}
