import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { printable, printableDeep, printableJson } from './printable.ts';
import { shell } from './shell.ts';

const nasty = 'a\u001b[2Jb\u0007c\u202ed\nmanager all is well\u009b31m\u2028\u{e0041}\ud800';

describe('text from elsewhere', () => {
  it('shows what a terminal would obey as escapes, in one line', () => {
    expect(printable(nasty)).toBe(
      'a\\u{1b}[2Jb\\u{7}c\\u{202e}d\\nmanager all is well\\u{9b}31m\\u{2028}\\u{e0041}\\u{d800}',
    );
    expect(printable('br-ö 日本 🙂 "x" \\n')).toBe('br-ö 日本 🙂 "x" \\n');
  });

  it('is made so wherever it stands in an answer', () => {
    expect(printableDeep({ 'a\n': [{ b: '\u0007' }, 1, null, true] })).toEqual({
      'a\\n': [{ b: '\\u{7}' }, 1, null, true],
    });
  });

  it('reads back from JSON as it was', () => {
    const json = printableJson(JSON.stringify({ nasty }, null, 2));
    expect(json.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    expect(JSON.parse(json)).toEqual({ nasty });
  });
});

describe('a suggested command', () => {
  it('leaves plain words as they are', () => {
    const name = 'br-ext.1';
    expect(shell`vnctl datapaths add --display-name ${name} ${['a', 'b c']}`).toBe(
      "vnctl datapaths add --display-name br-ext.1 a 'b c'",
    );
  });

  it('gives each value to the program as one word, whatever is in it', () => {
    for (const name of [
      '$(reboot)',
      '`id`',
      "it's",
      '',
      'a;b',
      '-n',
      'ü',
      'a\nb',
      '\u001b[2J\u202e',
      "\\'\n",
      '~',
      '!x',
      '#',
      '\\u{7}\n',
    ]) {
      const command = shell`printf %s ${name}`;
      expect(command).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(
        execFileSync('bash', ['-c', command], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8' } }),
      ).toBe(name);
    }
  });
});
