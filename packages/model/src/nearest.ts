/** The name most like `wrong` among `names`, at most two letters apart: what somebody probably meant. */
export function nearest(wrong: string, names: readonly string[]): string | undefined {
  const apart = names.map((name) => ({ name, letters: lettersApart(wrong, name) }));
  const near = apart.filter(({ letters }) => letters <= mostApart).sort((a, b) => a.letters - b.letters);
  return near[0]?.name;
}

const mostApart = 2;

/** How many letters to put in, take out or change, or pairs to swap, to make one text of the other; `mostApart` + 1 for more. */
function lettersApart(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > mostApart) return mostApart + 1;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1]! + Number(a[i - 1] !== b[j - 1]);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? mostApart) + 1 : mostApart + 1;
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1, swapped));
    }
    [before, row] = [row, next];
  }
  return Math.min(row[b.length]!, mostApart + 1);
}
