import {
  type Dhcp,
  decodeDhcp,
  decodeEthernet,
  decodeIpv4,
  decodeUdp,
  dhcpOperation,
  dhcpPort,
  encodeDhcp,
  encodeEthernet,
  encodeIpv4,
  encodeUdp,
  ipProtocol,
  ipv4ToText,
} from '@openvnet/packet';
import { type Answer, feature, type Lookup } from '../engine/feature.ts';
import type { Attachment, Station } from '../engine/relations.ts';
import { answeredByService } from '../engine/says.ts';
import { ethernet, type Flow, groupBit, handOver, load, output, priority, protocol } from '../pipeline/flow.ts';
import { answerDhcp, type DhcpReply } from './dhcp-answer.ts';
import { fromClient, fromServer, toEveryone } from './dhcp-packets.ts';
import { dhcpTerms } from './dhcp-terms.ts';
import { stationsOf, toService } from './services.ts';

const broadcastMac = 0xffff_ffff_ffff;
const everyone = 0xffff_ffff;
/** In the tables of filters: what passes unless a rule drops it. */
const withoutRule = priority.low;
/** Of an IP and a UDP header. */
const headerSize = 28;
const mostSize = 1500;

/**
 * DHCP: answers guests of the networks of a service, on the host they are on, with what the model has leased to them. A
 * request never leaves its host, nor does another guest see it. RFC 2131.
 */
export const dhcp = feature({
  name: 'dhcp',
  doc: 'Punts DHCP requests of guests with an address to the agent, which answers them.',
  cookie: 21,
  says: {
    dispatch: ({ sets, before }) =>
      sets.reason
        ? 'it is for a service of the network'
        : `a DHCP offer: only the service of ${before.domain} may send offers`,
    rewrite: ({ before }) => `a DHCP offer: only the service of ${before.domain} may send offers`,
    route_in: ({ before }) => `it is for a service of gateway ${before.gateway}`,
    egress_rules: 'a DHCP request passes without a rule',
  },
  source: { of: 'network_service', when: ({ mode }) => mode === 'dhcp' },
  select: (view, id) => stationsOf(view, view.get('network_service', id)!),
  flows: (stations) => [
    ...[...new Set(stations.map(({ domain_id }) => domain_id))].flatMap((domain): Flow[] => [
      {
        table: 'dispatch',
        priority: priority.urgent + 2,
        match: { domain, eth_dst: broadcastMac, ...fromClient },
        ...handOver('dhcp'),
      },
      // The service is the only server: what others offer reaches nobody, from near or by a router.
      { table: 'dispatch', priority: priority.high, match: { domain, ...fromServer } },
      { table: 'rewrite', priority: priority.high + 1, match: { domain, ...fromServer } },
    ]),
    ...stations.flatMap((station): Flow[] => [
      toService(station, { ip_proto: protocol.udp, udp_dst: dhcpPort.server }, 'dhcp'),
      {
        table: 'egress_rules',
        priority: withoutRule,
        match: { domain: station.domain_id, eth_dst: station.mac, ipv4_dst: station.ip, ...fromClient },
        next: 'dispatch',
      },
    ]),
  ],
  always: [
    {
      table: 'egress_rules',
      priority: withoutRule,
      match: toEveryone,
      next: 'dispatch',
    },
  ],
  answers: { dhcp: answer },
  tells: { dhcp: answeredByService },
  limit: { burst: 100, perSecond: 100 },
});

/**
 * Servers outside: the only ones that a filtered guest hears, and only if the network has no service. A unicast request, which
 * renews an address, leaves by the uplinks only: the switch cannot tell which station outside is the server.
 */
export const dhcpOutside = feature({
  name: 'dhcp_outside',
  doc: 'Lets filtered guests reach DHCP servers outside if their network has no DHCP service.',
  cookie: 28,
  says: {
    egress_rules: 'a DHCP request for a server outside leaves by the uplinks',
    ingress_rules: 'a DHCP server outside answers',
  },
  source: { of: 'open_domain' },
  select: (view, domain) => {
    const ports = view.where('uplink', 'domain_id', domain).map(({ port }) => port);
    const served = view.where('station', 'domain_id', domain).some(({ dhcp }) => dhcp);
    return served || ports.length === 0 ? undefined : { domain, ports: ports.sort((a, b) => a - b) };
  },
  flows: ({ domain, ports }): Flow[] => [
    ...ports.map((in_port) => ({
      table: 'ingress_rules' as const,
      priority: withoutRule,
      match: { in_port, ...fromServer },
      next: 'output' as const,
    })),
    {
      table: 'egress_rules',
      // Below broadcast requests, which it would match too.
      priority: withoutRule - 1,
      match: { domain, eth_dst: { value: 0, mask: groupBit }, ...fromClient },
      actions: ports.map(output),
    },
  ],
});

/** Lets in what a guest without an address sends: from 0.0.0.0 to everybody, and nothing else from there. */
export const dhcpAdmission = feature({
  name: 'dhcp_admission',
  doc: 'Accepts DHCP requests of guests that do not know their address yet.',
  cookie: 22,
  says: {
    admit: ({ interface_uuid }) => `${interface_uuid} asks for its address by DHCP`,
  },
  source: { of: 'mac_lease' },
  select: (view, id) => {
    const here = view.where('attachment', 'mac_lease_id', id);
    const [first] = here;
    if (!first || first.port === null) return undefined;
    const { port, mac, filtered } = first;
    const served = here.some(({ network_id }) => view.where('station', 'network_id', network_id).some((at) => at.dhcp));
    if (served) return { port, mac, ...handOver('dhcp') };
    // Outside there may be a server that is not ours.
    const open = here.find(({ domain_id }) => view.get('open_domain', domain_id));
    const next = filtered ? ('egress_filter' as const) : ('dispatch' as const);
    return open && { port, mac, actions: [load('domain', open.domain_id)], next };
  },
  flows: ({ port, mac, actions, next }) => [
    {
      table: 'admit',
      priority: priority.normal,
      match: { in_port: port, eth_src: mac, ipv4_src: 0, ...toEveryone },
      actions,
      next,
    },
  ],
});

function answer({ port, frame }: Parameters<Answer>[0], lookup: Lookup): ReturnType<Answer> {
  const { src: mac, payload } = decodeEthernet(frame);
  const packet = decodeIpv4(payload);
  const { payload: bytes } = decodeUdp(packet.payload, packet);
  const request = decodeDhcp(bytes);
  const { op, htype, hlen, chaddr, giaddr } = request;
  // Relays and requests on behalf of others have no place here: the sender is the client.
  if (op !== dhcpOperation.request || htype !== 1 || hlen !== 6 || chaddr !== mac || giaddr !== 0) {
    lookup.count('ignored');
    return [];
  }
  // Several interfaces may share the host's own port.
  const leases = lookup
    .where('binding', 'port', port)
    .flatMap(({ id }) => lookup.where('attachment', 'interface_id', id));
  const offer = offerFor(
    request,
    leases.filter((lease) => lease.mac === mac && (packet.src === 0 || packet.src === lease.ip)),
    lookup,
  );
  if (!offer) {
    lookup.count('no lease');
    return [];
  }
  const { lease, server } = offer;
  const outcome = answerDhcp(request, server.ip, lease.ip, () => dhcpTerms(lease.network_id, lookup));
  if (outcome.reply) {
    lookup.count(outcome.what);
    const back = replyFrame(outcome.reply, server, mac, request.options.max_message_size);
    return [{ frame: back, actions: [output(port)] }];
  }
  if (outcome.noteworthy) lookup.note(outcome.what, { port, address: ipv4ToText(lease.ip) });
  else lookup.count(outcome.what);
  return [];
}

/** The lease and the server that the request is about; where it does not say, the first. */
function offerFor(
  { ciaddr, options }: Dhcp,
  leases: readonly Attachment[],
  lookup: Lookup,
): { lease: Attachment; server: Station } | undefined {
  const offers = leases.flatMap((lease) =>
    lookup
      .where('station', 'network_id', lease.network_id)
      .filter((station) => station.dhcp)
      .map((server) => ({ lease, server })),
  );
  const wanted = options.requested_address ?? ciaddr;
  const score = ({ lease, server }: (typeof offers)[number]): number =>
    (server.ip === options.server_id ? 2 : 0) + (lease.ip === wanted ? 1 : 0);
  return offers.reduce<(typeof offers)[number] | undefined>(
    (best, each) => (best && score(best) >= score(each) ? best : each),
    undefined,
  );
}

function replyFrame({ message, to }: DhcpReply, server: Station, mac: number, size = 0): Buffer {
  const maxSize = Math.min(Math.max(size, 576), mostSize) - headerSize;
  const between = { src: server.ip, dst: to };
  const datagram = { src_port: dhcpPort.server, dst_port: dhcpPort.client, payload: encodeDhcp(message, { maxSize }) };
  const packet = encodeIpv4({ ...between, protocol: ipProtocol.udp, payload: encodeUdp(datagram, between) });
  const dst = to === everyone ? broadcastMac : mac;
  return encodeEthernet({ dst, src: server.mac, type: ethernet.ipv4, payload: packet });
}
