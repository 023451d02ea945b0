import { describe, expect, it } from 'vitest';
import { splitLine } from './split-line.ts';

describe('a line', () => {
  it('is split as a shell splits it', () => {
    expect(splitLine('a  b\tc')).toEqual(['a', 'b', 'c']);
    expect(splitLine(`--name='two words' "a \\"b\\" \\n" c\\ d '' x#y # gone`)).toEqual([
      '--name=two words',
      'a "b" \\n',
      'c d',
      '',
      'x#y',
    ]);
  });

  it('that does not end its quote is refused', () => {
    for (const line of [`'a`, '"a', 'a\\']) expect(() => splitLine(line)).toThrow(RangeError);
  });
});
