import { printable } from './printable.ts';

/**
 * A command for people to copy: shell`vnctl networks show ${uuid}`. It names commands in full and resources in the plural, as
 * the original's guide does; a test of `vnctl` reads all that are printed. Each value becomes one word, quoted where the shell
 * would read it otherwise; a list becomes several words.
 */
export function shell(parts: TemplateStringsArray, ...values: (string | number | readonly string[])[]): string {
  return parts.reduce((text, part, i) => {
    const value = values[i - 1]!;
    return `${text}${typeof value === 'object' ? value.map(quoted).join(' ') : quoted(String(value))}${part}`;
  });
}

/** One word of a POSIX shell. Characters that a terminal obeys stand as escapes of $'...', which bash and zsh read. */
function quoted(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (printable(word) === word) return `'${word.replaceAll("'", "'\\''")}'`;
  const letters = Array.from(word, (letter) =>
    printable(letter) === letter
      ? letter.replace(/[\\']/, '\\$&')
      : `\\U${letter.codePointAt(0)!.toString(16).padStart(8, '0')}`,
  );
  return `$'${letters.join('')}'`;
}
