import { shell } from '@openvnet/model';
import type { Lookup } from '../engine/feature.ts';
import type { Names } from './dns-names.ts';

/** Keeps in words, at the gateway that offers the service, the newest name that it could not resolve, and why. */
export function noteInVain(
  gateway: number,
  { what, name }: { what: string; name?: string },
  names: Names,
  lookup: Lookup,
) {
  const says = name === undefined ? undefined : inVain(what, inMasterFile(name), names);
  if (says !== undefined) lookup.notice(gateway, says);
}

/**
 * A name as a master file has it: what no host name holds is escaped, so that a guest cannot ask for a sentence that seems
 * to be the agent's own. RFC 1035, 5.1.
 */
function inMasterFile(name: string): string {
  const escaped = (text: string): string =>
    [...Buffer.from(text)].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('');
  return name.replace(/[^\w.-]/gu, escaped);
}

/** Undefined for what has an answer. */
function inVain(what: string, name: string, { domains, service, servers }: Names): string | undefined {
  const under = domains.join(', ');
  switch (what) {
    case 'no such name': {
      const command = service
        ? shell`vnctl dns-services dns-records add ${service} --uuid dnsr-NAME --name ${name} --ipv4-address ADDRESS`
        : 'vnctl dns-services add --network-service-uuid SERVICE';
      return `was asked for ${name}, which nobody below ${under} is called. Use: ${command}`;
    }
    case 'nobody to ask': {
      const command = service
        ? shell`vnctl dns-services modify ${service} --public-dns ADDRESS`
        : 'vnctl dns-services add --network-service-uuid SERVICE --public-dns ADDRESS';
      return `was asked for ${name}, which is not below ${under}, and it has no public_dns to ask. Use: ${command}`;
    }
    case 'server unreachable':
    case 'server silent':
    case 'server answers are invalid': {
      const command = shell`vnctl dns-services modify ${service ?? 'SERVICE'} --public-dns ADDRESS`;
      return `asked ${servers.join(', ')} for ${name} in vain: ${what}. Use: ${command}`;
    }
    default:
      return undefined;
  }
}
