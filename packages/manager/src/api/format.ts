/** `yml` is the original's form: keys are symbols of Ruby. */
export type Format = 'json' | 'yaml' | 'yml';

/**
 * The URL by which an operation is found: with the version, which may be left out, and without the suffix of the last
 * segment, which only says how to answer.
 */
export function routeOf(url: string): string {
  const { path, query } = parts(url);
  if (!path.startsWith('/api/') || path.startsWith(docsPath) || path === apiPath) return url;
  const versioned = path.startsWith(`${apiPath}/`) ? path : path.replace('/api', apiPath);
  return versioned.replace(/\.[^./]*$/, '') + query;
}

/** Where the API is. */
export const apiPath = '/api/1.0';

/** `.yml` asks for YAML as the original writes it, `.yaml` for plain YAML; anything else is answered in JSON. */
export function formatOf(url: string): Format {
  return (/\.(ya?ml)$/.exec(parts(url).path)?.[1] as Format | undefined) ?? 'json';
}

/** `plainKeys`: those of the original's YAML that are no symbols. */
export async function render(
  format: Format,
  data: unknown,
  plainKeys: readonly string[] = [],
): Promise<{ type: string; text: string }> {
  if (format === 'json') return { type: 'application/json', text: JSON.stringify(data) };
  const plain = JSON.parse(JSON.stringify(data)) as unknown;
  return { type: 'text/yaml;charset=utf-8', text: await yamlOf(format, plain, plainKeys) };
}

/** Few clients want YAML, and what writes it is loaded for the first of them. */
async function yamlOf(format: Format, plain: unknown, plainKeys: readonly string[]): Promise<string> {
  if (format === 'yml') return (await import('@openvnet/model/ruby-yaml')).rubyYaml(plain, plainKeys);
  return (await import('yaml')).stringify(plain, { aliasDuplicateObjects: false });
}

/** Where the API can be browsed; its files keep their suffixes. */
export const docsPath = '/api/1.0/docs';

function parts(url: string): { path: string; query: string } {
  const start = url.indexOf('?');
  return start < 0 ? { path: url, query: '' } : { path: url.slice(0, start), query: url.slice(start) };
}
