/** Rules that no linter knows: who may import whom, and that generated pages are fresh. */
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
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

interface Package {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
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

  it('have the folders that docs/architecture.md draws', () => {
    const [, drawing = ''] = readFileSync('docs/architecture.md', 'utf8').split('## Where things are');
    const drawn = [...drawing.split('```')[1]!.matchAll(/([a-z]+)\/ /g)].map(([, folder]) => folder!);
    const folders = ['cli', 'manager', 'agent', 'compiler'].flatMap((name) =>
      globSync(`packages/${name}/src/*/`).map((path) => basename(path)),
    );
    const ofTests = ['testing', 'end-to-end'];
    expect(drawn.sort()).toEqual(folders.filter((folder) => !ofTests.includes(folder)).sort());
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

describe('a program', () => {
  it.each([
    ['agent', ['zod', 'yaml', 'kysely', 'fastify']],
    ['manager', ['yaml', '@fastify/swagger', '@fastify/swagger-ui']],
  ])('%s does not hold the libraries %s, which cost memory, before they are needed', (name, spared) => {
    const loaded = loadedBy(`packages/${name}/src/main.ts`);
    expect(loaded).toContain('pino');
    expect(spared.filter((library) => loaded.has(library))).toEqual([]);
  });
});

/** The libraries that a file imports as it is loaded, itself or through files and packages of ours. */
function loadedBy(start: string): Set<string> {
  const libraries = new Set<string>();
  const files = new Set([start]);
  for (const path of files) {
    const found = readFileSync(path, 'utf8').matchAll(/^(?:import|export) (?!type )(?:[^;]*? from )?'([^']+)';/gm);
    for (const [, imported = ''] of found) {
      if (imported.startsWith('.')) files.add(join(dirname(path), imported));
      else if (ours.test(imported)) files.add(entryOf(imported));
      else libraries.add(imported);
    }
  }
  return libraries;
}

/** The file that a name of one of our packages stands for. */
function entryOf(imported: string): string {
  const [, name = '', part = ''] = /^@openvnet\/([^/]+)(\/.+)?$/.exec(imported)!;
  const { exports } = JSON.parse(readFileSync(`packages/${name}/package.json`, 'utf8')) as { exports: unknown };
  const entries = typeof exports === 'string' ? { '.': exports } : (exports as Readonly<Record<string, string>>);
  return join('packages', name, entries[`.${part}`]!);
}

describe('generated pages', () => {
  it.each([...pages()])('%s is what the declarations say (node scripts/pages.ts writes it)', (path, text) => {
    expect(readFileSync(path, 'utf8')).toBe(text);
  });
});
