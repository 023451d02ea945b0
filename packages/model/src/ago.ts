/** How long ago a moment was, which the API writes as text: `12 s ago`. */
export function agoTextOf(at: string | Date): string {
  return agoText(Math.max(0, (Date.now() - new Date(at).getTime()) / 1000));
}

/** How long ago something was, in the largest unit that gives two digits or fewer: `12 s ago`, `5 min ago`. */
export function agoText(seconds: number): string {
  const units = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
  ] as const;
  const [size, unit] = units.find(([size]) => seconds >= 2 * size) ?? [1, 's'];
  return `${Math.floor(seconds / size)} ${unit} ago`;
}
