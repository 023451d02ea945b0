/** What a DHCP server says to a request, where each client has one address for good. RFC 2131, 4.3. Pure. */
import { type Dhcp, type DhcpOptions, dhcpOperation, dhcpType, optionNames } from '@openvnet/packet';

export interface DhcpReply {
  readonly message: Dhcp;
  /** The address to send it to. */
  readonly to: number;
}

export interface DhcpOutcome {
  /** For the counters. */
  readonly what: string;
  readonly noteworthy?: true;
  readonly reply?: DhcpReply;
}

/** What a client is told beside its address. */
export type DhcpTerms = Pick<
  DhcpOptions,
  'subnet_mask' | 'routers' | 'dns_servers' | 'domain_name' | 'interface_mtu' | 'broadcast_address' | 'classless_routes'
>;

/** Seconds. An address does not change while its lease is in the model; what goes with it may. */
const leaseTime = 86_400;
const times = {
  lease_time: leaseTime,
  renewal_time: leaseTime / 2,
  rebinding_time: (leaseTime * 7) / 8,
} as const satisfies DhcpOptions;

const everyone = 0xffff_ffff;

/** The answer of the server at `server` to a client whose address is `address`; `terms` is asked only where it is told them. */
export function answerDhcp(request: Dhcp, server: number, address: number, terms: () => DhcpTerms): DhcpOutcome {
  const { ciaddr, options } = request;
  const grant = (type: 'offer' | 'ack'): DhcpOutcome => ({
    what: type,
    reply: reply(request, server, address, { message_type: dhcpType[type], ...times, ...inOrder(terms(), options) }),
  });
  switch (options.message_type) {
    case dhcpType.discover:
      return grant('offer');
    case dhcpType.request: {
      if (options.server_id !== undefined && options.server_id !== server) return { what: 'for another server' };
      const wanted = options.requested_address ?? ciaddr;
      return wanted === address ? grant('ack') : refusal(request, server);
    }
    case dhcpType.inform: {
      const told = { message_type: dhcpType.ack, ...inOrder(terms(), options) };
      return ciaddr === address
        ? { what: 'inform', reply: reply(request, server, 0, told) }
        : { what: 'inform from elsewhere' };
    }
    case dhcpType.decline:
      return { what: 'decline', noteworthy: true };
    case dhcpType.release:
      return { what: 'release', noteworthy: true };
    default:
      return { what: 'ignored' };
  }
}

function refusal(request: Dhcp, server: number): DhcpOutcome {
  const options = { message_type: dhcpType.nak, message: 'this address is not yours here' };
  const { message } = reply({ ...request, ciaddr: 0 }, server, 0, options);
  return { what: 'nak', reply: { message: { ...message, siaddr: 0 }, to: everyone } };
}

/** Who has no address yet hears what is sent to the one it gets, unless it says that it does not. RFC 2131, 4.1. */
function reply(request: Dhcp, server: number, yiaddr: number, options: DhcpOptions): DhcpReply {
  const { message_type, ...others } = options;
  const { client_id } = request.options;
  const to = request.ciaddr !== 0 ? request.ciaddr : request.broadcast || yiaddr === 0 ? everyone : yiaddr;
  const head = { message_type: message_type!, server_id: server, ...(client_id && { client_id }) };
  return {
    message: {
      ...request,
      op: dhcpOperation.reply,
      hops: 0,
      secs: 0,
      yiaddr,
      siaddr: server,
      options: { ...head, ...others },
    },
    to,
  };
}

/** What the client asks for comes first, in its order; the mask goes before the routers in any case. RFC 2132, 3.3 and 9.8. */
function inOrder(terms: DhcpTerms, { parameter_request_list = [] }: DhcpOptions): DhcpTerms {
  const { subnet_mask, ...others } = terms;
  const asked = parameter_request_list.map((code) => optionNames.get(code));
  const names = new Set([...asked, ...Object.keys(others)]) as Set<keyof typeof others>;
  const ordered = [...names].filter((name) => others[name] !== undefined).map((name) => [name, others[name]]);
  return { subnet_mask, ...Object.fromEntries(ordered) };
}
