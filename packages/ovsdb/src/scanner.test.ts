import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OvsdbError } from './error.ts';
import { Scanner } from './scanner.ts';

/** What a new scanner finds in these chunks. */
function scan(...chunks: (string | Uint8Array)[]): unknown[] {
  const scanner = new Scanner();
  return chunks.flatMap((chunk) => [...scanner.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)]);
}

describe('Scanner', () => {
  it('finds values that follow each other, with and without space between', () => {
    expect(scan('{"a":1}[2] \n\t{"b":{"c":[]}}\r\n')).toEqual([{ a: 1 }, [2], { b: { c: [] } }]);
  });

  it('takes brackets, quotes and backslashes in strings for what they are', () => {
    const value = { '}{"\\': ['\\', '"]', '\\"}', '\u2028', 'ü€😀'] };
    expect(scan(JSON.stringify(value))).toEqual([value]);
  });

  it('gives the same values however the stream is cut', () => {
    const text = fc.string({ unit: 'binary' });
    const leaf = fc.jsonValue({ stringUnit: 'binary', maxDepth: 2 });
    const value = fc.oneof(fc.array(leaf, { maxLength: 3 }), fc.dictionary(text, leaf, { maxKeys: 3 }));
    const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
    const property = fc.property(
      fc.array(fc.tuple(value, space), { maxLength: 5 }),
      fc.array(fc.nat()),
      (given, places) => {
        const stream = Buffer.from(given.map(([one, after]) => JSON.stringify(one) + after).join(''));
        const cuts = [0, ...places.map((place) => place % (stream.length + 1)).sort((a, b) => a - b), stream.length];
        const chunks = cuts.slice(1).map((end, index) => stream.subarray(cuts[index], end));
        expect(scan(...chunks)).toEqual(given.map(([one]) => JSON.parse(JSON.stringify(one))));
        expect(scan(...[...stream].map((byte) => Uint8Array.of(byte)))).toEqual(scan(stream));
      },
    );
    fc.assert(property);
  });

  it('does not keep the chunk that it was given', () => {
    const scanner = new Scanner();
    const chunk = Buffer.from('{"a":');
    expect([...scanner.push(chunk)]).toEqual([]);
    chunk.fill(0x7d);
    expect([...scanner.push(Buffer.from('1}'))]).toEqual([{ a: 1 }]);
  });

  it.each([
    ['a value that is neither object nor array', '"echo"', 'unreadable: byte 0x22 where a message should begin'],
    ['a bracket that nothing opened', '{} }', 'unreadable: byte 0x7d where a message should begin'],
    ['what only looks like JSON', '{"a" 1}', /^unreadable: .*JSON/],
    ['brackets that do not belong together', '{]', /^unreadable: /],
    ['bytes that are no characters', Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]), /^unreadable: /],
  ])('refuses %s', (_, input, message) => {
    expect(() => scan(input)).toThrow(OvsdbError);
    expect(() => scan(input)).toThrow(message);
  });

  it('gives the values before the one that it refuses', () => {
    const found: unknown[] = [];
    expect(() => {
      for (const value of new Scanner().push(Buffer.from('{"a":1}x'))) found.push(value);
    }).toThrow(OvsdbError);
    expect(found).toEqual([{ a: 1 }]);
  });

  it('gives a value or an OvsdbError for any bytes', () => {
    const bytes = fc.array(fc.oneof(fc.constantFrom(...Buffer.from('{}[]"\\: ,1')), fc.nat(255)));
    const property = fc.property(bytes, (input) => {
      try {
        scan(Uint8Array.from(input));
      } catch (error) {
        expect(error).toBeInstanceOf(OvsdbError);
      }
    });
    fc.assert(property, { numRuns: 1000 });
  });
});
