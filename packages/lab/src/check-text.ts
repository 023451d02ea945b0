/** What a lab file may state, as sentences. */
import { isIP } from 'node:net';
import { parseMac } from '@openvnet/model';

export interface Check {
  readonly text: string;
  readonly kind: keyof typeof forms;
  readonly from: string;
  /** An address, or in `gets` also `nothing`. */
  readonly address: string;
  readonly mac?: string;
  readonly seenOnlyBy?: readonly string[];
  /** What is sent in place of echo requests, and to which port. */
  readonly transport?: { readonly protocol: 'tcp' | 'udp'; readonly port: number };
  /** The guest that answers, where it has not the address that is called. */
  readonly at?: string;
  /** The name that is looked up, and what answers it. */
  readonly name?: string;
  readonly server?: string;
}

/** Sentences of each kind; where a group names a thing, it is called as in `Check`. */
const forms = {
  reaches: [
    /^(?<from>\S+) reaches (?<address>\S+)(?: seen only by (?<seen>.+))?$/,
    /^(?<from>\S+) reaches (?<address>\S+) (?<protocol>tcp|udp)\/(?<port>\d+)(?: at (?<at>\S+))?$/,
  ],
  'does not reach': [
    /^(?<from>\S+) does not reach (?<address>\S+)(?: (?<protocol>tcp|udp)\/(?<port>\d+)(?: at (?<at>\S+))?)?$/,
  ],
  'has neighbour': [/^(?<from>\S+) has neighbour (?<address>\S+) at (?<mac>\S+)$/],
  gets: [/^(?<from>\S+) gets (?<address>\S+) by dhcp$/],
  resolves: [/^(?<from>\S+) resolves (?<name>\S+) by (?<server>\S+) to (?<address>\S+)$/],
} as const;

const examples = [
  'ns1 reaches 172.16.1.2',
  'ns1 reaches 172.16.1.2 seen only by ns2, ns3',
  'ns1 reaches 172.16.1.2 tcp/80',
  'ns1 reaches 192.0.2.80 udp/53 at ns2',
  'ns1 does not reach 172.16.2.3',
  'ns1 has neighbour 172.16.1.2 at 52:54:00:0d:84:02',
  'ns1 gets 172.16.1.1 by dhcp',
  'ns1 gets nothing by dhcp',
  'ns1 resolves www.net1 by 172.16.1.253 to 172.16.1.2',
  'ns1 resolves www.net2 by 172.16.1.253 to nothing',
];

/** The check that a sentence states; where it states none, why. */
export function parseCheck(sentence: string): Check | string {
  const text = sentence.trim().replaceAll(/\s+/g, ' ');
  for (const kind of Object.keys(forms) as Check['kind'][]) {
    for (const form of forms[kind]) {
      const groups = form.exec(text)?.groups;
      if (groups) return wrongIn(kind, groups) ?? checkOf({ text, kind, groups });
    }
  }
  return `${JSON.stringify(text)} is no check; expected something like ${examples.join(' / ')}`;
}

type Groups = Readonly<Record<string, string | undefined>>;

function wrongIn(kind: Check['kind'], { address = '', mac, port, server }: Groups): string | undefined {
  const mayBeNothing = kind === 'gets' || kind === 'resolves';
  const wrong = [address, server].find(
    (one) => one !== undefined && isIP(one) === 0 && !(mayBeNothing && one === 'nothing'),
  );
  if (wrong !== undefined) return `${wrong} is no address; expected something like 172.16.1.2`;
  if (mac !== undefined && parseMac(mac) === undefined) return `${mac} is no MAC address`;
  if (port !== undefined && !(Number(port) > 0 && Number(port) <= 65_535))
    return `${port} is no port; expected 1 to 65535`;
  return undefined;
}

function checkOf({ text, kind, groups }: { text: string; kind: Check['kind']; groups: Groups }): Check {
  const { from, address, mac, seen, protocol, port, at, name, server } = groups;
  return {
    text,
    kind,
    from: from!,
    address: address!,
    ...(mac && { mac: mac.toLowerCase() }),
    ...(seen && { seenOnlyBy: seen.split(/,? and |, ?| /).filter(Boolean) }),
    ...(protocol && { transport: { protocol: protocol as 'tcp' | 'udp', port: Number(port) } }),
    ...(at && { at }),
    ...(name && { name }),
    ...(server && { server }),
  };
}
