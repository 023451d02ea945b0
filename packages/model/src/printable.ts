/** Text from elsewhere, made safe for a terminal, a log and a sentence. */

// Controls, line separators, format characters (they reverse or hide text), halves of surrogate pairs.
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const eachUnsafe = new RegExp(unsafe.source, 'gu');

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** `text` with each character that a terminal obeys or cannot show written as an escape: `\u{202e}`. One line. */
export function printable(text: string): string {
  return unsafe.test(text) ? text.replaceAll(eachUnsafe, escaped) : text;
}

/** `value`, which JSON can hold, with every text in it and every name of a property made `printable`. */
export function printableDeep<T>(value: T): T {
  if (typeof value === 'string') return printable(value) as T;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(printableDeep) as T;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [printable(name), printableDeep(one)])) as T;
}

/** What `json` holds, with everything in it `printable`. Throws `SyntaxError`. */
export function parsePrintable(json: string): unknown {
  const value: unknown = JSON.parse(json);
  // Most texts have nothing to escape, and looking into each of their values takes longer than reading them.
  return unsafe.test(json) || /\\[bfnrtu]/.test(json) ? printableDeep(value) : value;
}

/** JSON or quoted YAML with the same characters as `\uXXXX`, which programs read back as they were. */
export function printableJson(json: string): string {
  return json.replaceAll(eachUnsafe, (character) =>
    character === '\n' ? character : Array.from({ length: character.length }, (_, i) => unit(character, i)).join(''),
  );
}

function escaped(character: string): string {
  return short[character] ?? `\\u{${character.codePointAt(0)!.toString(16)}}`;
}

function unit(text: string, index: number): string {
  return `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`;
}
