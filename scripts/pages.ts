/**
 * Writes the pages of `docs/` that follow from declarations: `node scripts/pages.ts`. A test compares them with what this
 * would write.
 */
import { writeFileSync } from 'node:fs';
import { features, freePlaces, places, registers, tableNames, tables } from '@openvnet/compiler';
import { fieldsOf, kinds, parametersOf, resourceOf } from '@openvnet/model';

const made = '<!-- Made by scripts/pages.ts from the declarations; do not edit. -->';

/** Every page: its path below the project's root, and what it should hold. */
export function pages(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/pipeline.md', pipelinePage()],
    ['docs/resources.md', resourcesPage()],
  ]);
}

function pipelinePage(): string {
  const tableRows = tableNames.map((name, number) => {
    const { doc, match, writes, next, calls, miss } = tables[name];
    const missed = typeof miss === 'string' ? miss : `agent (${miss.agent})`;
    return [number, name, doc, words(match), words(writes), words(next), words(calls), missed];
  });
  const registerRows = Object.entries(registers).map(([name, { bits, lives, doc }]) => {
    const { field, offset } = places[name as keyof typeof places];
    const spans = lives.map(([from, to]) => (from === to ? `\`${from}\`` : `\`${from}\` to \`${to}\``)).join(', ');
    return [name, bits, `${field}${offset > 0 ? ` from bit ${offset}` : ''}`, spans, doc];
  });
  const free = freePlaces();
  const featureRows = features.map(({ name, cookie, doc }) => [`0x${cookie.toString(16).padStart(2, '0')}`, name, doc]);
  return [
    made,
    '# The pipeline',
    'Tables in the order in which packets meet them. `ovs-ofctl dump-flows` shows tables by number, registers by field and',
    'the feature in the first byte of the cookie; the rest of the cookie is the number of the item.\n',
    grid(
      ['number', 'table', 'what it decides', 'matches', 'writes', 'goes on at', 'asks', 'nothing matches'],
      tableRows,
    ),
    '## Registers\n',
    'Where two registers share a place, no table has both. A packet comes to the first table with all of them zero.\n',
    grid(['register', 'bits', 'in', 'holds its number from table to table', 'what it holds'], registerRows),
    `No register is in ${words(free.whole)}, nor in ${words(free.parts)}.`,
    'Tunnels need one bit of that, for packets that came from another host: `domain` is the key of a tunnel, `out_port` has room',
    'for numbers of hosts above those of ports, and `too_large` can live a second time behind `forward`.\n',
    '## Features\n',
    grid(['cookie', 'feature', 'what it does'], featureRows),
  ].join('\n');
}

function resourcesPage(): string {
  const parts = kinds.map((kind) => {
    const declared = resourceOf(kind);
    const { nested, plural, idPrefix, doc } = declared;
    const own = new Set(fieldsOf(declared).map(([name]) => name));
    const rows = parametersOf(declared).map(([name, field]) => {
      const names = [name, ...(field.aliases ?? [])].map((each) => `\`${each}\``).join(', ');
      const wanted = field.optional
        ? field.default === undefined
          ? ''
          : `default ${JSON.stringify(field.default)}`
        : 'required';
      const changed = (own.has(name) ? !field.immutable : declared.changes?.includes(name)) ? 'yes' : '';
      return [names, field.placeholder.replaceAll('|', ' or '), wanted, changed, field.doc];
    });
    const path = nested ? `/${resourceOf(nested.of).plural}/:uuid/${nested.name}` : `/${plural}`;
    const uuid = idPrefix ? `; uuids begin with \`${idPrefix}-\`` : '';
    return [
      `## ${plural}\n`,
      `\`${path}\`${uuid}. ${doc}\n`,
      grid(['parameter', 'value', '', 'can change', 'meaning'], rows),
    ].join('\n');
  });
  return [made, '# Resources', 'What the API and `vnctl` take, in the order in which it is checked.\n', ...parts].join(
    '\n',
  );
}

function grid(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  return `${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}

function words(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}

if (import.meta.main) for (const [path, text] of pages()) writeFileSync(path, text);
