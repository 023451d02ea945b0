/** Takes the prefix from `ipv4_network` where it is written there (`10.0.0.0/16`) and not given by itself. */
export function takePrefix(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { ipv4_network: address, ipv4_prefix: prefix } = given;
  const written = typeof address === 'string' ? /\/(\d{1,2})$/.exec(address) : null;
  return written && prefix === undefined ? { ...given, ipv4_prefix: written[1] } : { ...given };
}
