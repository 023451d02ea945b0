import { kinds, resourceOf } from '@openvnet/model';
import type { Endpoint, Parameter } from './endpoint.ts';

const writers = {
  html: { type: 'text/html;charset=utf-8', write: asHtml },
  json: { type: 'application/json', write: (all: readonly Endpoint[]) => JSON.stringify(asOriginal(all)) },
  yaml: { type: 'text/yaml;charset=utf-8', write: asRubyYaml },
  yml: { type: 'text/yaml;charset=utf-8', write: asRubyYaml },
};

export const browseFormats = Object.keys(writers) as readonly (keyof typeof writers)[];

/** Every operation with its parameters as a page; as data those that the original has, in its shape. */
export async function browse(
  endpoints: readonly Endpoint[],
  format: keyof typeof writers,
): Promise<{ type: string; text: string }> {
  const { type, write } = writers[format];
  return { type, text: await write(endpoints) };
}

async function asRubyYaml(endpoints: readonly Endpoint[]): Promise<string> {
  return (await import('@openvnet/model/ruby-yaml')).rubyYaml(asOriginal(endpoints));
}

/** The original's clients want a method of their own for each; what this project adds is in the OpenAPI description. */
function asOriginal(endpoints: readonly Endpoint[]) {
  const groups = new Set(kinds.map((kind) => resourceOf(kind).plural));
  return endpoints
    .filter(({ group, answer }) => groups.has(group) && answer.shape !== 'status')
    .map(({ method, path, doc, parameters }) => ({
      route: `${method}  ${path}`,
      description: doc,
      parameters: parameters.map(parameterOf),
    }));
}

function parameterOf({ name, required, field }: Parameter) {
  const { type, default: initial, values, doc } = field;
  return {
    name,
    type: typeNames[type as keyof typeof typeNames] ?? 'String',
    required,
    ...(initial !== undefined && { default: initial }),
    ...(values && { in: values }),
    description: doc,
  };
}

const typeNames = { integer: 'Integer', boolean: 'Boolean' };

function asHtml(list: readonly Endpoint[]): string {
  const rows = list.map(({ method, path, doc, parameters }) => {
    const names = parameters.map(({ name, required, field }) => {
      const title = escaped(`${field.type}. ${field.doc}`);
      return required ? `<b title="${title}">${name}</b>` : `<span title="${title}">${name}</span>`;
    });
    return `<tr><td>${method}</td><td><code>/api/1.0${path}</code></td><td>${names.join(', ')}</td><td>${escaped(doc)}</td></tr>`;
  });
  return [
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>OpenVNet API</title>',
    '<style>body{font-family:sans-serif;margin:2em}td,th{text-align:left;padding:.2em .8em;vertical-align:top}</style>',
    '<h1>OpenVNet API</h1><p>Parameters in bold are required.</p><table>',
    '<tr><th>Method</th><th>Path</th><th>Parameters</th><th></th></tr>',
    ...rows,
    '</table></html>',
  ].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
