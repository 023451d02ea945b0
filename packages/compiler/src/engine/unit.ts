import type { EncodedFlow } from '@openvnet/openflow';
import type { Cell, Reader } from './cell.ts';
import type { Source, Wait } from './feature.ts';
import type { LocalRows, View } from './relations.ts';

/** What could not be computed: the code of a feature or derivation threw. What the item had before stays. */
export interface Fault {
  /** The feature or derivation, as an error names it. */
  readonly by: string;
  readonly source: Source;
  readonly item: number;
  readonly error: Error;
}

/** What computing an item has to say besides its result. */
export interface Remarks {
  waits: Wait[];
  faults: Fault[];
}

/** What computes items: a derivation, whose rows others read, or features, whose flows go to the switch. */
export interface Stage {
  readonly names: readonly string[];
  readonly source: Source;
  /** The relation that it fills; undefined if it makes flows. */
  readonly into?: keyof LocalRows;
  /** The ids of an item's rows there. */
  readonly rowIds?: (key: number) => readonly number[];
  readonly compute: (view: View, unit: Unit, remarks: Remarks) => void;
  /** Whether what it has made of an item is what it would make of it now. */
  readonly agrees: (view: View, unit: Unit, remarks: Remarks) => boolean;
  readonly retire: (unit: Unit) => void;
  readonly units: Map<number, Unit>;
  readonly dirty: Unit[];
}

const none: readonly never[] = [];
// What the unit that is being computed has read. One for all: an array for each would grow by far more than is needed.
const read: Cell[] = [];
let readLength = 0;

/** One item of a stage, with what it has read and the flows it has. */
export class Unit implements Reader {
  readonly stage: Stage;
  readonly key: number;
  present = true;
  dirty = false;
  flows: readonly EncodedFlow[] = none;
  #deps: readonly Cell[] = none;

  constructor(stage: Stage, key: number) {
    this.stage = stage;
    this.key = key;
    this.invalidate();
  }

  depend(cell: Cell): void {
    read[readLength++] = cell;
  }

  invalidate(): void {
    if (this.dirty) return;
    this.dirty = true;
    this.stage.dirty.push(this);
  }

  /** From now until `end`, what is read is what it depends upon. */
  begin(): void {
    this.dirty = false;
    this.release();
    readLength = 0;
  }

  end(): void {
    this.#deps = readLength === 0 ? none : read.slice(0, readLength);
  }

  /** Depends on nothing any more. */
  release(): void {
    for (const cell of this.#deps) cell.drop(this);
    this.#deps = none;
  }
}
