/**
 * What a request gives, from its query string and its body: a form, JSON or YAML, flat or inside one object. Bytes that
 * are not UTF-8 are refused and not replaced.
 */
import { ApiError } from '@openvnet/model';
import type { Given } from './endpoint.ts';

/** The parameters of a query string. */
export function readQuery(url: string): Given {
  const start = url.indexOf('?');
  return start < 0 ? {} : readForm(url.slice(start + 1), 'query string');
}

/** What a body gives. `isDocument` where it is JSON or YAML, which no client of the original sends. */
export interface Body {
  readonly values: Given;
  readonly isDocument: boolean;
}

/** The parameters of a body. Without a type it is a form, as it is for everybody. */
export async function readBody(type: string | undefined, body: Buffer): Promise<Body> {
  if (body.length === 0) return { values: {}, isDocument: false };
  const name = (type ?? '').split(';')[0]!.trim().toLowerCase();
  const read = readers[name as keyof typeof readers];
  if (read) return { values: await read(utf8(body)), isDocument: /json|yaml/.test(name) };
  throw new ApiError('argument', `Could not read body: its content type is ${name.slice(0, 80)}`, {
    hint: `Content-Type: expected ${Object.keys(readers).filter(Boolean).join(', ')}`,
  });
}

const readers = {
  '': (text: string) => readForm(text, 'body'),
  'application/x-www-form-urlencoded': (text: string) => readForm(text, 'body'),
  'application/json': (text: string) => unwrapped(text, JSON.parse),
  'text/json': (text: string) => unwrapped(text, JSON.parse),
  'application/yaml': (text: string) => unwrapped(text, readYaml),
  'text/yaml': (text: string) => unwrapped(text, readYaml),
};

/** Few clients send YAML, and what reads it is loaded for the first of them. */
async function readYaml(text: string): Promise<unknown> {
  return (await import('./yaml.ts')).readLongYaml(text);
}

/** The last one counts of those with the same name. */
function readForm(text: string, where: string): Given {
  try {
    decodeURIComponent(text);
  } catch (cause) {
    throw new ApiError('argument', `Could not read ${where}: wrong escape with %`, {
      hint: 'Expected %XX that give UTF-8.',
      cause,
    });
  }
  return collect(new URLSearchParams(text));
}

/** Of `{"network": {...}}` what is inside; `{...}` itself otherwise. */
async function unwrapped(text: string, parse: (text: string) => unknown): Promise<Given> {
  if (text.trim() === '') return {};
  let content: unknown;
  try {
    content = await parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new ApiError('argument', 'Invalid request body.', { hint: why, cause });
  }
  if (!isObject(content)) {
    throw new ApiError('argument', 'Invalid request body.', { hint: 'Expected an object of parameters.' });
  }
  const [first] = Object.values(content);
  return collect(Object.entries(isObject(first) ? first : content));
}

/** No name of the prototype can be reached by what a client sends. */
function collect(entries: Iterable<[string, unknown]>): Given {
  const given: Record<string, unknown> = Object.create(null);
  for (const [name, value] of entries) given[name] = value;
  return given;
}

function utf8(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new ApiError('argument', 'Could not read body: it is not UTF-8', { cause });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
