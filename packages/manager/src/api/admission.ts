/**
 * Who may speak to the manager at all, by the headers that a browser sets and a web page cannot forge. Host is checked so that a
 * name of the attacker which resolves to this machine (DNS rebinding) opens nothing; Origin and Sec-Fetch-Site, so that pages of
 * other sites can neither read nor write. Programs that are no browser send neither of the latter. Holds for HTTP and for upgrades.
 */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { ApiError, printable } from '@openvnet/model';

export interface AdmissionRules {
  /** Names, besides localhost and every IP address, under which the manager is reached. */
  readonly allowHost: readonly string[];
  /** Origins whose pages may use the API: `https://console.example`. */
  readonly corsOrigin: readonly string[];
}

/** Sent with every answer: it is not shown in a frame, not loaded by other sites, and is what its type says. */
export const protectiveHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'content-security-policy': "frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** Why a request is not served; undefined if it is. */
export function refusalOfVisitor(
  { headers, method, httpVersion }: Pick<IncomingMessage, 'headers' | 'method' | 'httpVersion'>,
  { allowHost, corsOrigin }: AdmissionRules,
): ApiError | undefined {
  const { host, origin } = headers;
  if (host === undefined ? httpVersion !== '1.0' : !isKnown(nameIn(host), allowHost)) {
    const expected = 'expected an IP address, localhost, or a name set with vnmgr --allow-host';
    return refusal(host === undefined ? 'request without a Host' : `Host ${quoted(host)}`, expected);
  }
  if (origin !== undefined) {
    if (corsOrigin.includes(origin.toLowerCase()) || isSame(origin, host)) return undefined;
    const expected = `expected the manager's own pages, or an origin set with vnmgr --cors-origin`;
    return refusal(`request of a web page from Origin ${quoted(origin)}`, expected);
  }
  const site = headers['sec-fetch-site'];
  const isLink =
    method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  if (site === undefined || site === 'same-origin' || site === 'none' || isLink) return undefined;
  return refusal(
    `request of a web page of another site (Sec-Fetch-Site ${quoted(String(site))})`,
    'expected a link, or --cors-origin',
  );
}

function refusal(what: string, expected: string): ApiError {
  return new ApiError('forbidden', `Could not take ${what}`, { hint: expected });
}

/** The host of a Host header, without its port; undefined if it is malformed. */
function nameIn(host: string): string | undefined {
  const [, address, name] = /^(?:\[([\da-f:.]+)\]|([^[\]:/@\s]+))(?::\d{0,5})?$/i.exec(host) ?? [];
  return address ?? name?.toLowerCase().replace(/\.$/, '');
}

function isKnown(name: string | undefined, allowed: readonly string[]): boolean {
  return name !== undefined && (isIP(name) > 0 || name === 'localhost' || allowed.includes(name));
}

/** Whether a page of `origin` came from here. The manager speaks no TLS, so a page over https did not. */
function isSame(origin: string, host: string | undefined): boolean {
  const own = `http://${host}`;
  return (
    host !== undefined && URL.canParse(own) && URL.canParse(origin) && new URL(origin).origin === new URL(own).origin
  );
}

function quoted(text: string): string {
  return printable(text.length > 100 ? `${text.slice(0, 100)}...` : text);
}
