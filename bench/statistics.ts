/** The middle one of some measured values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The median with the least and the greatest, as text: `7.1 (6.2 to 9.8)`. */
export function spread(values: readonly number[]): string {
  return `${short(median(values))} (${short(Math.min(...values))} to ${short(Math.max(...values))})`;
}

/** A number with about three digits; a dash if there is none. */
export function short(value: number | undefined): string {
  if (value === undefined) return '-';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits);
}

/** How many times `base` a value is, as text. */
export function ratio(value: number, base: number | undefined): string {
  return base === undefined ? '-' : `${short(value / base)} x`;
}
