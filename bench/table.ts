/** Prints a table that is one in Markdown too: the first row is the head. */
export function printTable(title: string, rows: readonly (readonly (string | number)[])[]): void {
  const cells = rows.map((row) => row.map(String));
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const lines = cells.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`);
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  console.log(`\n${title}\n`);
  console.log([lines[0], rule, ...lines.slice(1)].join('\n'));
}

/** Whether a bar is met, in words that stand in a table. */
export function verdict(value: number, bar: number, unit: string): string {
  return `${value <= bar ? 'met' : 'MISSED'} (at most ${bar}${unit && ` ${unit}`})`;
}
