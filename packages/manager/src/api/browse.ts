import { stringify } from 'yaml';
import type { Endpoint } from './endpoint.ts';

interface Listed {
  readonly method: string;
  readonly path: string;
  readonly doc: string;
  readonly parameters: readonly { name: string; type: string; required: boolean; doc: string }[];
}

const writers = {
  html: { type: 'text/html;charset=utf-8', write: asHtml },
  json: { type: 'application/json', write: (list: readonly Listed[]) => JSON.stringify(list) },
  yaml: { type: 'text/yaml;charset=utf-8', write: (list: readonly Listed[]) => stringify(list) },
  yml: { type: 'text/yaml;charset=utf-8', write: (list: readonly Listed[]) => stringify(list) },
};

export const browseFormats = Object.keys(writers) as readonly (keyof typeof writers)[];

/** Every operation with its parameters, as a page or as data. */
export function browse(endpoints: readonly Endpoint[], format: keyof typeof writers): { type: string; text: string } {
  const list = endpoints.map(({ method, path, doc, parameters }) => ({
    method,
    path: `/api/1.0${path}`,
    doc,
    parameters: parameters.map(({ name, required, field }) => ({ name, type: field.type, required, doc: field.doc })),
  }));
  const { type, write } = writers[format];
  return { type, text: write(list) };
}

function asHtml(list: readonly Listed[]): string {
  const rows = list.map(({ method, path, doc, parameters }) => {
    const names = parameters.map(({ name, type, required, doc }) => {
      const title = escaped(`${type}. ${doc}`);
      return required ? `<b title="${title}">${name}</b>` : `<span title="${title}">${name}</span>`;
    });
    return `<tr><td>${method}</td><td><code>${path}</code></td><td>${names.join(', ')}</td><td>${escaped(doc)}</td></tr>`;
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
