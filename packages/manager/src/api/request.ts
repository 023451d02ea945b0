/** What the headers of a request say about the request itself, for the log of changes. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ApiError } from '@openvnet/model';
import type { FastifyRequest } from 'fastify';

const mostInMessage = 500;

/** The number that the client has given to its request in `X-Request-Id`, where it can be taken, or a new one. */
export function requestNumber({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:+/=-]{1,100}$/.test(given) ? given : randomUUID();
}

/** What the author says of the change, in `X-OpenVNet-Message`: UTF-8, or escaped with % as in a URL. */
export function messageOf({ headers }: FastifyRequest): string | null {
  const given = headers['x-openvnet-message'];
  if (typeof given !== 'string' || given === '') return null;
  const text = decoded(given);
  if (text.length > mostInMessage || /\p{Cc}/u.test(text)) {
    throw new ApiError('argument', `Could not take header X-OpenVNet-Message: ${given.slice(0, 80)}`, {
      hint: `expected at most ${mostInMessage} characters without control characters`,
    });
  }
  return text;
}

/** Node reads headers as Latin-1; what is no escape stands for itself. */
function decoded(header: string): string {
  const text = Buffer.from(header, 'latin1').toString();
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
