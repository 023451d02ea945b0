import { stringify } from 'yaml';

export type Format = 'json' | 'yaml';

/** The URL without the suffix of its last segment, which only says how to answer. */
export function withoutSuffix(url: string): string {
  const { path, query } = parts(url);
  if (!path.startsWith('/api/') || path.startsWith(docsPath) || path === '/api/1.0') return url;
  return path.replace(/\.[^./]*$/, '') + query;
}

/** `.yml` and `.yaml` ask for YAML; anything else is answered in JSON. */
export function formatOf(url: string): Format {
  return /\.ya?ml$/.test(parts(url).path) ? 'yaml' : 'json';
}

export function render(format: Format, data: unknown): { type: string; text: string } {
  return format === 'yaml'
    ? { type: 'text/yaml;charset=utf-8', text: stringify(data, { aliasDuplicateObjects: false }) }
    : { type: 'application/json', text: JSON.stringify(data) };
}

/** Where the API can be browsed; its files keep their suffixes. */
export const docsPath = '/api/1.0/docs';

function parts(url: string): { path: string; query: string } {
  const start = url.indexOf('?');
  return start < 0 ? { path: url, query: '' } : { path: url.slice(0, start), query: url.slice(start) };
}
