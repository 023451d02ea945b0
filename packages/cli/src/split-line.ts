/** A line as a shell splits it into words: quotes, backslashes, a comment. Throws `RangeError` if a quote does not end. */
export function splitLine(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let i = 0; i < line.length; i++) {
    const character = line[i]!;
    if (character === quote) quote = undefined;
    else if (quote === "'") word += character;
    else if (character === '\\') {
      const next = line[++i];
      if (next === undefined) throw new RangeError('the line ends with a backslash');
      // Between double quotes a backslash is itself before most.
      word = `${word ?? ''}${quote && !'"\\$`'.includes(next) ? '\\' : ''}${next}`;
    } else if (quote) word += character;
    else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === '#' && word === undefined) break;
    else word = `${word ?? ''}${character}`;
  }
  if (quote) throw new RangeError(`a quote ${quote} does not end`);
  if (word !== undefined) words.push(word);
  return words;
}
