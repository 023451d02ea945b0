import { type Field, type Reader, rest, u8, u16, u32, type Writer } from '@openvnet/wire';

/** A classless route: a destination prefix and its router. `prefix` 0 is the default route. */
export interface ClasslessRoute {
  network: number;
  prefix: number;
  router: number;
}

const list = <T>(item: Field<T>): Field<T[]> => ({
  read: (from) => {
    const items: T[] = [];
    while (from.remaining > 0) items.push(item.read(from));
    return items;
  },
  write: (to, items) => {
    for (const each of items) item.write(to, each);
  },
});

/** Text in latin1, without the terminating zero that some clients send. */
const text: Field<string> = {
  read: (from) => Buffer.from(from.rest()).toString('latin1').replace(/\0+$/, ''),
  write: (to, value) => {
    to.latin1(value);
  },
};

/** Only as many bytes of the network as its prefix needs are written. RFC 3442. */
const classlessRoute: Field<ClasslessRoute> = {
  read: (from: Reader) => {
    const prefix = from.u8();
    if (prefix > 32) from.fail(`a prefix of ${prefix} bits`);
    let network = 0;
    for (let byte = 0; byte < Math.ceil(prefix / 8); byte++) network += from.u8() * 2 ** (24 - 8 * byte);
    return { network, prefix, router: from.u32() };
  },
  write: (to: Writer, { network, prefix, router }) => {
    to.u8(prefix);
    for (let byte = 0; byte < Math.ceil(prefix / 8); byte++) to.u8((network >>> (24 - 8 * byte)) & 0xff);
    to.u32(router);
  },
};

const option = <T>(code: number, field: Field<T>) => ({ code, field });

/** The options that are read and written. RFC 2132; classless routes RFC 3442. Times are in seconds. */
export const dhcpOptions = {
  subnet_mask: option(1, u32),
  routers: option(3, list(u32)),
  dns_servers: option(6, list(u32)),
  host_name: option(12, text),
  domain_name: option(15, text),
  interface_mtu: option(26, u16),
  broadcast_address: option(28, u32),
  requested_address: option(50, u32),
  lease_time: option(51, u32),
  message_type: option(53, u8),
  server_id: option(54, u32),
  parameter_request_list: option(55, list(u8)),
  message: option(56, text),
  max_message_size: option(57, u16),
  renewal_time: option(58, u32),
  rebinding_time: option(59, u32),
  client_id: option(61, rest),
  classless_routes: option(121, list(classlessRoute)),
};

export type DhcpOptionName = keyof typeof dhcpOptions;
export type DhcpOptions = {
  -readonly [N in DhcpOptionName]?: (typeof dhcpOptions)[N] extends { field: Field<infer T> } ? T : never;
};

export const optionNames: ReadonlyMap<number, DhcpOptionName> = new Map(
  Object.entries(dhcpOptions).map(([name, { code }]) => [code, name as DhcpOptionName]),
);
