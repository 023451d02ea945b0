/**
 * Writes the pages of `docs/` that follow from declarations: `node scripts/pages.ts`. A test compares them with what this
 * would write.
 */
import { writeFileSync } from 'node:fs';
import { features, freePlaces, places, registers, tableNames, tables } from '@openvnet/compiler';
import { fieldsOf, kinds, parametersOf, resourceOf } from '@openvnet/model';
import { faultGroups } from '../packages/openvnet/src/testing/faults/index.ts';

const made = '<!-- Made by scripts/pages.ts from the declarations; do not edit. -->';

/** Every page: its path below the project's root, and what it should hold. */
export function pages(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/pipeline.md', pipelinePage()],
    ['docs/resources.md', resourcesPage()],
    ['docs/faults.md', faultsPage()],
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
    'After reading this page you can read a flow dump: which table decides what, and what registers and cookies mean.\n',
    '```',
    'vnctl flows                                     # flows with the names below',
    'vnctl trace --from if-veth1 --to 172.16.2.3     # the tables that a packet passes',
    '```\n',
    'Packets pass the tables in this order. `ovs-ofctl dump-flows` shows tables by number and registers by field. The first byte',
    'of a cookie is the feature, the rest is the number of the item: the object, or part of one, for which the feature computed the flow.',
    'A packet continues at one of the next tables of a table. A table that is called is a subroutine, from which the packet returns. The',
    'last column says what happens to a packet that matches no flow.\n',
    grid(['number', 'table', 'purpose', 'matches', 'writes', 'next tables', 'calls', 'no match'], tableRows),
    '## Registers\n',
    'Two registers that are never in use in the same table may share a field. All registers of a packet are zero in the first table.\n',
    grid(['register', 'bits', 'field', 'in use in tables', 'content'], registerRows),
    `These fields are free: ${words(free.whole)}; ${words(free.parts)}.\n`,
    '## Features\n',
    grid(['cookie', 'feature', 'purpose'], featureRows),
  ].join('\n');
}

function resourcesPage(): string {
  const parts = kinds.map((kind) => {
    const declared = resourceOf(kind);
    const { nested, plural, idPrefix, doc } = declared;
    const own = new Set(fieldsOf(declared).map(([name]) => name));
    const rows = parametersOf(declared).map(([name, field]) => {
      const names = [name, ...(field.aliases ?? [])].map((each) => `\`${each}\``).join(', ');
      const wanted = field.optional ? (field.default === undefined ? '' : JSON.stringify(field.default)) : 'required';
      const changed = (own.has(name) ? !field.immutable : declared.changes?.includes(name)) ? 'yes' : '';
      return [names, field.placeholder.replaceAll('|', ' or '), wanted, changed, field.doc];
    });
    const path = nested ? `/${resourceOf(nested.of).plural}/:uuid/${nested.name}` : `/${plural}`;
    const uuid = idPrefix ? `; uuids begin with \`${idPrefix}-\`` : '';
    return [
      `## ${plural}\n`,
      `\`${path}\`${uuid}. ${doc}\n`,
      grid(['parameter', 'value', 'default', 'can change', 'meaning'], rows),
    ].join('\n');
  });
  return [
    made,
    '# Resources',
    'After reading this page you can look up every parameter of every resource. The command line shows the same:\n',
    '```',
    'vnctl interfaces add --help',
    'vnctl man interfaces',
    'curl http://127.0.0.1:9090/api/1.0/openapi.json',
    '```\n',
    'Parameters have these names in the API; options of `vnctl` have dashes in their place: `--display-name`. Each table lists the',
    'parameters in the order in which they are checked. Unless a parameter can change, it is given only when the object is created.',
    'Every object also has a `uuid`, which is random if it is not given.\n',
    ...parts,
  ].join('\n');
}

function faultsPage(): string {
  const parts = faultGroups.map(({ title, faults }) =>
    [
      `## ${title}\n`,
      ...faults.map(({ what, seen, ask, says, cure }) => {
        // An age is nothing that a reader could compare.
        const telling = says.map(saidIn).filter((part) => part !== 'ago');
        const said = `The answer contains ${words(telling)}.`;
        return `### ${capital(what)}\n\n${seen}\n\n\`\`\`\n${ask}\n\`\`\`\n\n${said}\n\nUse: \`${cure}\`\n`;
      }),
    ].join('\n'),
  );
  return [
    made,
    '# Faults\n',
    'After reading this page you can find out why something does not work, and fix it. If you do not know where to look, begin with:\n',
    '```',
    'vnctl status',
    'vnctl explain UUID',
    '```\n',
    'Find your symptom below, type the command, and compare the answer. Only the words that identify the fault are quoted here, with `…`',
    'where they vary. The answer ends with the command that fixes the fault, in full and with your names; replace words in capitals,',
    'such as `PORT`, by values of yours. In the examples, guests `if-veth1` and `if-veth2` are in network `nw-net1`, `if-veth3` and',
    '`if-veth4` in `nw-net2`, the gateways are `if-gw1` and `if-gw2`, and all are on bridge `br0`, which is datapath `dp-br0`, on host',
    '`node1`. A test makes each fault on a real switch, runs the command and applies the fix.\n',
    ...parts,
  ].join('\n');
}

/** What an answer says, for people: parts that vary are three dots, and of several wordings it is the first. */
function saidIn(part: string | RegExp): string {
  if (typeof part === 'string') return part;
  return part.source
    .replaceAll(/\((\?:)?([^()|]*)\|[^()]*\)/g, '$2')
    .replace(/\|.*/, '')
    .replaceAll(/(\\[dwSsD]|\[[^\]]*\]|\.)[*+]\??|\\d/g, '…')
    .replaceAll(/^\^|\$$/g, '')
    .replaceAll(/\\(.)/g, '$1');
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function grid(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  return `${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}

function words(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}

if (import.meta.main) for (const [path, text] of pages()) writeFileSync(path, text);
