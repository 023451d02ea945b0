import type { Kind } from '@openvnet/model';
import type { AnyRow, Cell } from '../columns.ts';
import { type Numbers, Runs } from '../runs.ts';
import type { RowSource } from './rows.ts';

/** The numbers of one column, for each value of another. */
interface Held {
  readonly column: string;
  readonly of: string;
  readonly numbers: Map<Cell, Runs>;
}

/**
 * The numbers that rows have, such as the addresses of a network: which are free is asked for each new row, and would cost
 * reading all others. Read once, then kept in step with what transactions write; undoing one forgets all of them.
 */
export class HeldNumbers {
  readonly #held = new Map<Kind, Held[]>();

  numbersOf(rows: RowSource, kind: Kind, column: string, [of, value]: readonly [string, Cell]): Numbers {
    const { numbers } = this.#heldOf(kind, column, of);
    const there = numbers.get(value);
    if (there) return there;
    const found = rows.find(kind, { [of]: value }).map((row) => row[column]);
    const made = new Runs(found.filter((cell) => typeof cell === 'number'));
    // Of a value that no row has, such as a network that is gone, nothing is kept.
    if (!made.isEmpty) numbers.set(value, made);
    return made;
  }

  /** A row takes the place of another; null where there is none. */
  replace(kind: Kind, before: AnyRow | null, after: AnyRow | null): void {
    for (const { column, of, numbers } of this.#held.get(kind) ?? []) {
      if (before && after && before[column] === after[column] && before[of] === after[of]) continue;
      const runs = before ? numbers.get(before[of]!) : undefined;
      runs?.delete(before![column] as number);
      if (runs?.isEmpty) numbers.delete(before![of]!);
      if (after && typeof after[column] === 'number') numbers.get(after[of]!)?.add(after[column]);
    }
  }

  forget(): void {
    this.#held.clear();
  }

  #heldOf(kind: Kind, column: string, of: string): Held {
    const all = this.#held.get(kind) ?? [];
    this.#held.set(kind, all);
    const there = all.find((one) => one.column === column && one.of === of);
    if (there) return there;
    const made: Held = { column, of, numbers: new Map() };
    all.push(made);
    return made;
  }
}
