/**
 * YAML as the original's API writes it, for those who load it with Ruby or grep it: keys are symbols (`:uuid: dp-x`), times are
 * timestamps, and texts that YAML 1.1 would take for something else are quoted.
 */
import { Scalar, type ScalarTag, stringify } from 'yaml';
import { printable, printableJson } from './printable.ts';

/** `data`, which JSON can hold, in the original's form. `plainKeys` are keys of the outermost object that stay plain. */
export function rubyYaml(data: unknown, plainKeys: readonly string[] = []): string {
  const text = stringify(inSymbols(data, plainKeys), {
    version: '1.1',
    customTags: [timestamp],
    directives: true,
    singleQuote: true,
    nullStr: '',
    indentSeq: false,
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
  return printableJson(text.replace(/^%YAML 1\.1\n/, ''));
}

/** `content` as if its keys were no symbols: what Ruby writes is read as what anybody writes. */
export function withoutSymbols(content: unknown): unknown {
  if (Array.isArray(content)) return content.map(withoutSymbols);
  if (typeof content !== 'object' || content === null) return content;
  return Object.fromEntries(
    Object.entries(content).map(([key, value]) => [key.replace(/^:/, ''), withoutSymbols(value)]),
  );
}

class Timestamp {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const timestamp: ScalarTag = {
  tag: 'tag:openvnet,2013:timestamp',
  default: true,
  identify: (value) => value instanceof Timestamp,
  resolve: (text) => text,
  stringify: ({ value }) => (value as Timestamp).text,
};

function inSymbols(data: unknown, plainKeys: readonly string[] = []): unknown {
  if (Array.isArray(data)) return data.map((item) => inSymbols(item));
  if (typeof data === 'string') return scalar(data);
  if (typeof data !== 'object' || data === null) return data;
  const entries = Object.entries(data).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([key, value]) => [plainKeys.includes(key) ? key : `:${key}`, inSymbols(value)]),
  );
}

function scalar(text: string): unknown {
  const time = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC$/.exec(text);
  if (time) return new Timestamp(`${time[1]}.000000000 Z`);
  const isUnsafe = printable(text) !== text;
  if (!isUnsafe && !text.startsWith(':')) return text;
  const quoted = new Scalar(text);
  quoted.type = isUnsafe ? Scalar.QUOTE_DOUBLE : Scalar.QUOTE_SINGLE;
  return quoted;
}
