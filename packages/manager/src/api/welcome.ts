import { docsPath } from './format.ts';

/** What answers at `/`: what this is, and where things are. */
export function welcome(version: string): string {
  const links = Object.entries(places).map(
    ([path, what]) => `<tr><td><a href="${path}"><code>${path}</code></a></td><td>${what}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>OpenVNet</title>
<style>body{font-family:sans-serif;margin:2em;max-width:50em}td{padding:.2em 1.5em .2em 0}pre{background:#eee;padding:1em}</style>
<h1>OpenVNet</h1>
<p>This is the manager of a virtual network, version ${version}. Programs use its REST API; people use the command <code>vnctl</code>.</p>
<table>
${links.join('\n')}
</table>
<p>The first commands in a shell:</p>
<pre>vnctl status            what runs, and what is not in effect
vnctl networks show     the networks
vnctl help              every command</pre>
</html>
`;
}

const places = {
  [`${docsPath}/`]: 'The API, with a form to try each operation.',
  '/api/1.0/openapi.json': 'The API as an OpenAPI document.',
  '/browse': 'Every operation with its parameters, on one page.',
  '/api/1.0/status': 'What runs, and what is not in effect.',
  '/api/1.0/export.yaml': 'All registered objects, as one file.',
};
