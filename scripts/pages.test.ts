/** Pages are complete where that can be told, and their links lead somewhere. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

describe('docs/dependencies.md', () => {
  it('gives a reason for every package from elsewhere', () => {
    const page = readFileSync('docs/dependencies.md', 'utf8');
    const names = globSync(['package.json', 'packages/*/package.json']).flatMap((path) => {
      const { dependencies, devDependencies, optionalDependencies } = JSON.parse(readFileSync(path, 'utf8'));
      return Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
    });
    expect(names).toContain('fastify');
    const others = names.filter((name) => !name.startsWith('@openvnet/'));
    expect(others.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('links between pages', () => {
  it.each(globSync(['README.md', 'docs/**/*.md']))('of %s lead to a page and a heading that exist', (path) => {
    for (const [, target = ''] of readFileSync(path, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file = '', anchor] = target.split('#');
      const found = file === '' ? path : join(dirname(path), file);
      expect(existsSync(found), target).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(found), target).toContain(anchor);
    }
  });
});

/** The names by which links find the headings of a page, as GitHub makes them. */
function anchorsOf(path: string): string[] {
  return [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}
