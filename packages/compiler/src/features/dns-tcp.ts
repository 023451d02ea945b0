import { decodeEthernet, decodeIpv4, firstSize, lengthFirst, withoutLength } from '@openvnet/packet';
import { type Answer, feature, isWait } from '../engine/feature.ts';
import { answeredByService } from '../engine/says.ts';
import { protocol } from '../pipeline/flow.ts';
import { dnsStationsOf, forwarded, namesAt, portAt } from './dns.ts';
import { answerDns } from './dns-answer.ts';
import { noteInVain } from './dns-in-vain.ts';
import { toService } from './services.ts';

/**
 * DNS over TCP: what `dns` answers, and whole, for clients that were told that an answer does not fit a datagram, and for
 * those that begin so. Answers go back as they are there, not in the order of the queries. RFC 7766.
 */
export const dnsTcp = feature({
  name: 'dns_tcp',
  doc: 'Punts TCP connections to a DNS service to the agent, which answers queries on them.',
  cookie: 24,
  says: {
    route_in: ({ before }) => `it is for a service of gateway ${before.gateway}`,
  },
  source: { of: 'network_service', when: ({ mode }) => mode === 'dns' },
  select: (view, id) => {
    const stations = dnsStationsOf(view, id);
    // What is missing if there is none, `dns` says.
    return isWait(stations) ? undefined : stations;
  },
  flows: (stations) =>
    stations.map((station) => toService(station, { ip_proto: protocol.tcp, tcp_dst: portAt(station) }, 'dns_tcp')),
  answers: { dns_tcp: answer },
  tells: { dns_tcp: answeredByService },
  // A query on a connection of its own takes about seven packets of the client. With those of UDP it is what a port's meter lets through.
  limit: { burst: 200, perSecond: 200 },
});

function answer({ frame, register }: Parameters<Answer>[0], lookup: Parameters<Answer>[1]): readonly [] {
  const { dst } = decodeIpv4(decodeEthernet(frame).payload);
  const gateway = register('gateway');
  if (!namesAt(gateway, dst, lookup)) return [];
  const reply = (message: Buffer): Buffer | undefined | Promise<Buffer> => {
    const query = withoutLength(message);
    // The model may have changed since the segment came.
    const names = namesAt(gateway, dst, lookup);
    if (!names) return undefined;
    const outcome = answerDns(query, names, 'tcp');
    const { what, answer: made, forward } = outcome;
    lookup.count(what);
    const note = (why: string): void => noteInVain(gateway, { ...outcome, what: why }, names, lookup);
    note(what);
    if (forward) return forwarded(query, { servers: names.servers, note }, lookup, 'whole').then(lengthFirst);
    return made && lengthFirst(made);
  };
  lookup.converse({ sizeOf: firstSize, reply, count: lookup.count });
  return [];
}
