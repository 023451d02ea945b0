/** A set of whole numbers, read only. */
export interface Numbers extends Iterable<number> {
  has(number: number): boolean;
  /** The lowest number from `from` on that is not in the set. */
  gapFrom(from: number): number;
  /** The highest number up to `to` that is not in the set. */
  gapTo(to: number): number;
}

/** A set of whole numbers, kept as runs of consecutive ones: the next number that is not in it is found at once. */
export class Runs implements Numbers {
  /** The first and the last number of each run, in ascending order. Between two runs at least one number is missing. */
  readonly #first: number[] = [];
  readonly #last: number[] = [];

  constructor(numbers: Iterable<number> = []) {
    for (const number of [...numbers].sort((a, b) => a - b)) this.add(number);
  }

  get isEmpty(): boolean {
    return this.#first.length === 0;
  }

  has(number: number): boolean {
    return this.#runOf(number) !== undefined;
  }

  gapFrom(from: number): number {
    const run = this.#runOf(from);
    return run === undefined ? from : this.#last[run]! + 1;
  }

  gapTo(to: number): number {
    const run = this.#runOf(to);
    return run === undefined ? to : this.#first[run]! - 1;
  }

  add(number: number): void {
    const next = this.#runsUpTo(number);
    const before = next - 1;
    const follows = before >= 0 ? number - this.#last[before]! : Number.POSITIVE_INFINITY;
    if (follows <= 0) return;
    const precedes = this.#first[next] === number + 1;
    if (follows === 1 && precedes) {
      this.#last[before] = this.#last[next]!;
      this.#splice(next, 1);
    } else if (follows === 1) this.#last[before] = number;
    else if (precedes) this.#first[next] = number;
    else this.#splice(next, 0, [number, number]);
  }

  delete(number: number): void {
    const run = this.#runOf(number);
    if (run === undefined) return;
    const [first, last] = [this.#first[run]!, this.#last[run]!];
    const left: [number, number][] = [];
    if (first < number) left.push([first, number - 1]);
    if (number < last) left.push([number + 1, last]);
    this.#splice(run, 1, ...left);
  }

  *[Symbol.iterator](): Iterator<number> {
    for (const [run, first] of this.#first.entries()) {
      for (let number = first; number <= this.#last[run]!; number++) yield number;
    }
  }

  #splice(at: number, removed: number, ...runs: readonly (readonly [first: number, last: number])[]): void {
    this.#first.splice(at, removed, ...runs.map(([first]) => first));
    this.#last.splice(at, removed, ...runs.map(([, last]) => last));
  }

  #runOf(number: number): number | undefined {
    const run = this.#runsUpTo(number) - 1;
    return run >= 0 && number <= this.#last[run]! ? run : undefined;
  }

  /** How many runs begin at `number` or below. */
  #runsUpTo(number: number): number {
    let [low, high] = [0, this.#first.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#first[middle]! <= number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
