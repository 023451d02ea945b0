/** What a DNS service says to a query: an answer of its own, or that others have to be asked. RFC 1035; EDNS RFC 6891. Pure. */
import { ipv4ToText } from '@openvnet/packet';
import { DecodeError } from '@openvnet/wire';
import * as dns from 'dns-packet';
import { isBelow, type NamedAddress, type Names, reverseAddress } from './dns-names.ts';

export interface DnsOutcome {
  /** For the counters. */
  readonly what: string;
  /** The name that was asked for, where the query could be read. */
  readonly name?: string;
  /** Undefined if there is nothing to say, or where `forward` is set. */
  readonly answer?: Buffer;
  /** The query has to go to the servers of the service. */
  readonly forward?: true;
}

const headerSize = 12;
/** Without fragments on any path. https://www.dnsflagday.net/2020 */
const edns = 1232;
/** What the two bytes of its size can say. */
const mostOverTcp = 0xffff;
const rcode = { formErr: 1, servFail: 2, nxDomain: 3, notImp: 4, refused: 5 } as const;
const ttl = 300;
const negativeTtl = 30;

/** Answers a query, over UDP with no more than fits a datagram. Throws `DecodeError` if not even its header can be read. */
export function answerDns(bytes: Buffer, names: Names, over: 'udp' | 'tcp' = 'udp'): DnsOutcome {
  if (bytes.length < headerSize) throw new DecodeError('no DNS header', bytes.length);
  const flags = bytes.readUInt16BE(2);
  // Two servers that answered each other's answers would never end.
  if (flags & 0x8000) return { what: 'ignored' };
  if ((flags >> 11) & 0xf) return { what: 'not implemented', answer: failure(bytes, rcode.notImp) };
  const query = read(bytes);
  const [question] = query?.questions ?? [];
  if (!query || !question || query.questions?.length !== 1)
    return { what: 'malformed', answer: failure(bytes, rcode.formErr) };
  if (question.class !== undefined && question.class !== 'IN' && question.class !== ('ANY' as never))
    return { what: 'refused', answer: failure(bytes, rcode.refused) };
  const name = question.name.toLowerCase().replace(/\.$/, '');
  const found = lookUp(name, question, names);
  if (found)
    return { what: found.missing ? 'no such name' : 'answered', name, answer: respond(query, found, names, over) };
  if (names.servers.length > 0) return { what: 'forwarded', name, forward: true };
  return { what: 'nobody to ask', name, answer: failure(bytes, rcode.servFail) };
}

interface Found {
  readonly answers: readonly dns.Answer[];
  readonly missing: boolean;
  readonly zone: string;
}

/** What is known of a name; undefined if that is for others to say. */
function lookUp(name: string, { type, name: asked }: dns.Question, names: Names): Found | undefined {
  const wants = (of: string): boolean => type === of || (type as string) === 'ANY';
  const addresses = names.addresses.get(name);
  const domain = names.domains.find((each) => isBelow(name, each));
  if (addresses || domain !== undefined) {
    const answers = wants('A') ? (addresses ?? []).map((each) => addressRecord(asked, each)) : [];
    const exists = addresses !== undefined || name === domain || names.above.has(name);
    return { answers, missing: !exists, zone: domain ?? name };
  }
  const address = reverseAddress(name);
  if (address === undefined || !names.networks.some((network) => contains(network, address))) return undefined;
  const back = names.names.get(address) ?? [];
  const answers = wants('PTR') ? back.map((data) => ({ type: 'PTR' as const, name: asked, ttl, data })) : [];
  return { answers, missing: back.length === 0, zone: name };
}

function addressRecord(name: string, { address, ttl: seconds }: NamedAddress): dns.Answer {
  return { type: 'A', name, ttl: seconds, data: ipv4ToText(address) };
}

function contains({ first, prefix }: Names['networks'][number], address: number): boolean {
  const size = 2 ** (32 - prefix);
  return Math.floor(first / size) === Math.floor(address / size);
}

function respond(
  query: dns.DecodedPacket,
  { answers, missing, zone }: Found,
  { servers }: Names,
  over: 'udp' | 'tcp',
): Buffer {
  const client = query.additionals?.find((each) => each.type === 'OPT');
  const datagram = client ? Math.min(Math.max(client.udpPayloadSize, 512), edns) : 512;
  const size = over === 'udp' ? datagram : mostOverTcp;
  const recursion = (query.flag_rd ? dns.RECURSION_DESIRED : 0) | (servers.length > 0 ? dns.RECURSION_AVAILABLE : 0);
  const make = (parts: { answers?: dns.Answer[]; authorities?: dns.Answer[] }, more: number): Buffer =>
    dns.encode({
      type: 'response',
      id: query.id ?? 0,
      flags: dns.AUTHORITATIVE_ANSWER | recursion | more,
      questions: query.questions ?? [],
      ...(client && {
        additionals: [{ type: 'OPT', name: '.', udpPayloadSize: edns, flags: 0, options: [] } as never],
      }),
      ...parts,
    });
  const made =
    answers.length > 0
      ? make({ answers: [...answers] }, 0)
      : make({ authorities: [authority(zone)] }, missing ? rcode.nxDomain : 0);
  return made.length <= size ? made : make({}, dns.TRUNCATED_RESPONSE);
}

/** Says for how long a name that is not there may be taken as such. RFC 2308. */
function authority(zone: string): dns.Answer {
  const times = { serial: 1, refresh: 3600, retry: 600, expire: 86400, minimum: negativeTtl };
  return { type: 'SOA', name: zone, ttl: negativeTtl, data: { mname: zone, rname: `hostmaster.${zone}`, ...times } };
}

/** A refusal, with the question where that is there to be read. */
export function failure(bytes: Buffer, code: number): Buffer {
  const end = questionEnd(bytes);
  const answer = Buffer.from(bytes.subarray(0, end ?? headerSize));
  const [opcode, desired] = [bytes.readUInt16BE(2) & 0x7800, bytes.readUInt16BE(2) & 0x0100];
  answer.writeUInt16BE(0x8000 | opcode | desired | code, 2);
  answer.writeUInt16BE(end === undefined ? 0 : 1, 4);
  return answer.fill(0, 6, headerSize);
}

export const serverFailure = (bytes: Buffer): Buffer => failure(bytes, rcode.servFail);

/** Where the only question ends; undefined if there is not exactly one that can be read. */
export function questionEnd(bytes: Buffer): number | undefined {
  if (bytes.length < headerSize || bytes.readUInt16BE(4) !== 1) return undefined;
  let at = headerSize;
  while (at < bytes.length && bytes[at] !== 0) {
    if (bytes[at]! > 63) return undefined;
    at += bytes[at]! + 1;
  }
  return at + 5 <= bytes.length ? at + 5 : undefined;
}

function read(bytes: Buffer): dns.DecodedPacket | undefined {
  // The library reads what it is told to, at the worst a name that points to itself; what it throws is the sender's fault.
  if (questionEnd(bytes) === undefined) return undefined;
  try {
    return dns.decode(bytes);
  } catch {
    return undefined;
  }
}
