/** Rules that no linter knows: who may import whom, and that pages are fresh, complete and linked. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pages } from './pages.ts';

/** What each package may import of ours; the lists in their package.json say what they do import. */
const layers: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  packet: ['wire'],
  openflow: ['wire'],
  ovsdb: [],
  model: [],
  settings: [],
  store: ['model'],
  manager: ['model', 'settings', 'store'],
  compiler: ['model', 'openflow', 'packet', 'wire'],
  agent: ['compiler', 'model', 'openflow', 'ovsdb', 'packet', 'settings', 'wire'],
  client: ['model'],
  lab: ['client', 'model'],
  cli: ['client', 'lab', 'model', 'settings'],
  openvnet: ['agent', 'manager', 'settings'],
};

type Versions = Readonly<Record<string, string>>;

interface Package {
  readonly name: string;
  readonly dependencies?: Versions;
  readonly devDependencies?: Versions;
  readonly optionalDependencies?: Versions;
}

const manifests = globSync('packages/*/package.json').map((path) => JSON.parse(readFileSync(path, 'utf8')) as Package);
const ours = /^@openvnet\/([^/]+)/;

describe('the layers', () => {
  it('hold every package, and every package keeps to them', () => {
    expect(manifests.map(({ name }) => name.replace(ours, '$1')).sort()).toEqual(Object.keys(layers).sort());
    for (const { name, dependencies = {} } of manifests) {
      const allowed = layers[name.replace(ours, '$1')]!;
      for (const dependency of Object.keys(dependencies)) {
        const other = ours.exec(dependency)?.[1];
        if (other) expect(allowed, `${name} depends on ${dependency}`).toContain(other);
      }
    }
  });

  it('are not passed by: a package imports another by name, and only what it lists', () => {
    for (const path of globSync('packages/*/src/**/*.ts')) {
      const [, own] = path.split('/') as [string, string];
      const test = /\.test\.ts$|\/testing/.test(path);
      for (const [, imported = ''] of readFileSync(path, 'utf8').matchAll(/(?:from|import\()\s*'([^']+)'/g)) {
        const depth = path.split('/').length - 4;
        expect(imported.match(/\.\.\//g)?.length ?? 0, `${path} leaves its package: ${imported}`).toBeLessThanOrEqual(
          depth,
        );
        const other = ours.exec(imported)?.[1];
        if (other && other !== own && !test) expect(layers[own], `${path} imports ${imported}`).toContain(other);
      }
    }
  });
});

describe('files', () => {
  it('import each other in no circle', () => {
    expect(globSync('packages/*/src').flatMap(circlesIn)).toEqual([]);
  });

  it('have at most 400 lines', () => {
    const long = globSync('packages/*/src/**/*.ts')
      .map((path) => [path, readFileSync(path, 'utf8').split('\n').length - 1] as const)
      .filter(([, lines]) => lines > 400);
    expect(long).toEqual([]);
  });
});

/** Circles of imports, those of types alone too. */
function circlesIn(directory: string): string[] {
  const imports = new Map<string, string[]>();
  for (const path of globSync(`${directory}/**/*.ts`)) {
    const found = readFileSync(path, 'utf8').matchAll(/^(?:import|export) [^;]*?from '(\.[^']+)';/gm);
    imports.set(
      path,
      [...found].map(([, to]) => join(dirname(path), to!)),
    );
  }
  const circles: string[] = [];
  const done = new Set<string>();
  const follow = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(' > '));
    if (way.includes(path) || done.has(path)) return;
    for (const to of imports.get(path) ?? []) follow(to, [...way, path]);
    done.add(path);
  };
  for (const path of imports.keys()) follow(path, []);
  return circles;
}

describe('docs/dependencies.md', () => {
  it('says of every package from elsewhere why it is here', () => {
    const root = JSON.parse(readFileSync('package.json', 'utf8')) as Package;
    const named = new Set<string>();
    for (const each of [root, ...manifests])
      for (const versions of [each.dependencies, each.devDependencies, each.optionalDependencies])
        for (const name of Object.keys(versions ?? {})) if (!ours.test(name)) named.add(name);
    const page = readFileSync('docs/dependencies.md', 'utf8');
    expect([...named].filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('links between pages', () => {
  it.each(globSync(['README.md', 'docs/**/*.md']))('of %s lead to a page, and to a heading of it', (path) => {
    for (const [, target = ''] of readFileSync(path, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file = '', anchor] = target.split('#');
      const found = file === '' ? path : join(dirname(path), file);
      expect(existsSync(found), `${path}: ${target}`).toBe(true);
      if (anchor === undefined) continue;
      const headings = [...readFileSync(found, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
        text.toLowerCase().replaceAll(/[^\w\- ]/g, '').replaceAll(' ', '-'),
      );
      expect(headings, `${path}: ${target}`).toContain(anchor);
    }
  });
});

describe('generated pages', () => {
  it.each([...pages()])('%s is what the declarations say (node scripts/pages.ts writes it)', (path, text) => {
    expect(readFileSync(path, 'utf8')).toBe(text);
  });
});
