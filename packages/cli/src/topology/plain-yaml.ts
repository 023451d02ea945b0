/**
 * Reads YAML in the form in which `vnctl export` and most people write topologies: block maps and lists, one parameter per
 * line. It takes a twentieth of the time of a whole YAML parser. Any other form is left to that parser.
 */

/** The content of `text`, as the YAML parser reads it; undefined if the text is not in that form. */
export function readPlainYaml(text: string): unknown {
  const lines = significantLines(text);
  if (lines === undefined || lines.length === 0 || lines[0]!.indent !== 0) return undefined;
  try {
    const reading = new Reading(lines);
    const content = reading.map(0);
    return reading.isAtEnd ? content : undefined;
  } catch (error) {
    if (error === otherForm) return undefined;
    throw error;
  }
}

interface Line {
  readonly indent: number;
  /** Whether it begins an item of a list, `indent` being that of the dash. */
  readonly isItem: boolean;
  readonly key: string;
  /** Empty if the value is on the lines that follow. */
  readonly value: string;
}

const otherForm = new Error('not in the plain form');
const linePattern = /^( *)(- )?([a-z][a-z0-9_]*):(?: (\S.*))?$/;

function significantLines(text: string): Line[] | undefined {
  const lines: Line[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || /^ *#[ -~]*$/.test(line)) continue;
    const found = linePattern.exec(line);
    if (!found) return undefined;
    const [, spaces = '', dash, key = '', value = ''] = found;
    lines.push({ indent: spaces.length, isItem: dash !== undefined, key, value });
  }
  return lines;
}

class Reading {
  readonly #lines: readonly Line[];
  #at = 0;

  constructor(lines: readonly Line[]) {
    this.#lines = lines;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#lines.length;
  }

  /** The map whose keys are at `indent`; its first line may begin an item, whose dash is two characters before. */
  map(indent: number): object {
    const content: Record<string, unknown> = {};
    for (let line = this.#lines[this.#at]; line; line = this.#lines[this.#at]) {
      const isFirst = line.isItem && line.indent === indent - 2 && Object.keys(content).length === 0;
      if (!isFirst && (line.isItem || line.indent !== indent)) break;
      if (Object.hasOwn(content, line.key)) throw otherForm;
      this.#at++;
      content[line.key] = line.value === '' ? this.#below(indent) : scalar(line.value);
    }
    return content;
  }

  #below(indent: number): unknown {
    const next = this.#lines[this.#at];
    if (!next || next.indent < indent) return null;
    if (next.isItem) return this.#list(next.indent);
    return next.indent > indent ? this.map(next.indent) : null;
  }

  #list(indent: number): object[] {
    const content: object[] = [];
    for (let line = this.#lines[this.#at]; line?.isItem && line.indent === indent; line = this.#lines[this.#at]) {
      content.push(this.map(indent + 2));
    }
    return content;
  }
}

const doubleQuoted = /^"(?:[ !#-[\]-~\u00a1-\u1fff]|\\["\\/bfnrt])*"$/;
const singleQuoted = /^'[ -&(-~\u00a1-\u1fff]*'$/;
const word = /^[A-Za-z0-9][A-Za-z0-9_./-]*(?:[: ][A-Za-z0-9_./-]+)*$/;

function scalar(text: string): unknown {
  if (doubleQuoted.test(text)) return JSON.parse(text);
  if (singleQuoted.test(text)) return text.slice(1, -1);
  if (text === '[]') return [];
  if (!word.test(text)) throw otherForm;
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null') return null;
  if (/^(?:true|false|null)$/i.test(text)) throw otherForm;
  const number = Number(text);
  return /^[0-9]/.test(text) && String(number) === text ? number : text;
}
