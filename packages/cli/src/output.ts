import { styleText } from 'node:util';
import {
  columnOf,
  fieldsOf,
  parametersOf,
  printable,
  printableDeep,
  printableJson,
  type Resource,
} from '@openvnet/model';
import type { Output } from './settings.ts';

/** Where a command writes, and for whom. */
export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether colours and lines are welcome. */
  readonly fancy: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asks whoever sits there; absent where nobody does. */
  readonly ask?: (question: string) => Promise<boolean>;
}

export type Values = Readonly<Record<string, unknown>>;

/**
 * Writes what the API answered as it is, or for people by `forPeople`. Text in it may come from anybody: people see what a
 * terminal would obey as escapes, programs read it back as it was.
 */
export async function write<T>(
  io: Io,
  output: Output,
  answer: T,
  forPeople: (answer: T) => string | Promise<string>,
  plainKeys?: readonly string[],
): Promise<void> {
  if (isForPeople(output)) io.out(`${(await forPeople(printableDeep(answer))).trimEnd()}\n`);
  else io.out(await formatted(output, answer, plainKeys));
}

/** Whether an output is made for people, and not what the API answered. */
export function isForPeople(output: Output): boolean {
  return output === 'table' || output === 'wide' || output === 'name';
}

/** What the API answered, in the form that was asked for. */
export async function formatted(output: Output, answer: unknown, plainKeys?: readonly string[]): Promise<string> {
  if (output === 'json') return `${printableJson(JSON.stringify(answer, null, 2))}\n`;
  if (output === 'yaml') return yamlOf(answer);
  const { rubyYaml } = await import('@openvnet/model/ruby-yaml');
  return rubyYaml(answer, plainKeys);
}

/** What stands between the answers for several objects. */
export function betweenAnswers(output: Output): string {
  return output === 'yaml' ? '---\n' : output === 'table' || output === 'wide' ? '\n' : '';
}

/** YAML in which every text with characters that do not show is quoted, with escapes. */
async function yamlOf(answer: unknown): Promise<string> {
  const { Document, visit } = await import('yaml');
  const document = new Document(answer, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'string' && printable(node.value) !== node.value) node.type = 'QUOTE_DOUBLE';
    },
  });
  return printableJson(document.toString());
}

/** A table with a line for each item. Columns that no item has are left out. */
export async function table(io: Io, columns: readonly string[], items: readonly Values[]): Promise<string> {
  const shown = columns.filter((column) => items.some((item) => item[column] !== undefined));
  const { default: Table } = await import('cli-table3');
  const lines = new Table({
    head: shown.map((column) => heading(io, column)),
    chars: { ...noLines, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const item of items) lines.push(shown.map((column) => cell(item[column])));
  return lines
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Names and values below each other. */
export function record(io: Io, values: Values): string {
  const width = Math.max(...Object.keys(values).map((name) => name.length));
  return Object.entries(values)
    .map(([name, value]) => `${styled(io, 'bold', name.padEnd(width))}  ${cell(value)}`)
    .join('\n');
}

/** The columns of a list for people. */
export function columnsOf(declared: Resource, wide = false): string[] {
  const own = fieldsOf(declared).map(([name, field]) =>
    field.to && !field.show?.includes('uuid') ? columnOf(name, field) : name,
  );
  const all = ['uuid', ...own];
  if (wide)
    return [...new Set([...(declared.summary ?? []), ...all, ...Object.keys(declared.holds ?? {}), 'created_at'])];
  return [...(declared.summary ?? all)];
}

/** Of an object what people want to see: its declared fields in order, what it holds, then its times. */
export function fieldsForPeople(declared: Resource, object: Values): Values {
  const fields = new Map([...fieldsOf(declared), ...parametersOf(declared)]);
  const shown = [...fields].map(([name, { column, render, forPeople = render }]) => {
    const value = object[name];
    // A few answers hold what is stored and not what it stands for.
    return [name, column === 'integer' && typeof value === 'number' ? forPeople(value) : value];
  });
  const { uuid, created_at, updated_at } = object;
  const held = Object.entries(declared.holds ?? {}).map(([name, path]) => [name, uuidsAt(object, path)]);
  const all = [['uuid', uuid], ...shown, ...held, ['created_at', created_at], ['updated_at', updated_at]];
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}

/** The uuids of what an answer holds, at the end of `path`; undefined if it does not say. */
function uuidsAt(object: Values, path: readonly string[]): string | undefined {
  if (!Array.isArray(object[path[0]!])) return undefined;
  const found = path.reduce<Values[]>(
    (objects, name) => objects.flatMap((one) => (one[name] ?? []) as Values[]),
    [object],
  );
  return found.map(({ uuid }) => uuid).join(', ');
}

/** `1 flow`, `2 flows`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

export function styled(io: Io, style: 'bold' | 'green' | 'yellow' | 'red' | 'dim', text: string): string {
  return io.fancy ? styleText(style, text, { validateStream: false }) : text;
}

export function heading(io: Io, text: string): string {
  return styled(io, 'bold', text);
}

function cell(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const noLines = Object.fromEntries(
  ['top', 'bottom', 'mid', 'left', 'right'].flatMap((side) =>
    ['', '-mid', '-left', '-right'].map((part) => [`${side}${part}`, '']),
  ),
);
