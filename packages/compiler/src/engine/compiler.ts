import type { EncodedFlow } from '@openvnet/openflow';
import { encode } from '../pipeline/flow.ts';
import { missFlows } from '../pipeline/misses.ts';
import type { Cell, Reader } from './cell.ts';
import { cookieOf, type Derivation, type Feature, isWait, type Wait } from './feature.ts';
import { FlowTable } from './flow-table.ts';
import type { Identified, Relation } from './relation.ts';
import { type LocalRows, localRelations, type ModelRelations, type Relations, View } from './relations.ts';

// biome-ignore lint/suspicious/noExplicitAny: the item of a feature is its own affair
export type AnyFeature = Feature<any>;

/** What computes items: a derivation, whose rows others read, or features, whose flows go to the switch. */
interface Stage {
  readonly source: AnyFeature['source'];
  readonly compute: (view: View, key: number, unit: Unit) => void;
  readonly retire: (key: number, unit: Unit) => void;
  readonly units: Map<number, Unit>;
  readonly dirty: Unit[];
}

const none: readonly never[] = [];
// What the unit that is being computed has read. One for all: an array for each would grow by far more than is needed.
const read: Cell[] = [];
let readLength = 0;

class Unit implements Reader {
  deps: readonly Cell[] = none;
  readonly stage: Stage;
  readonly key: number;
  present = true;
  dirty = false;
  flows: readonly EncodedFlow[] = none;
  waits: readonly Wait[] = none;

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
}

/**
 * The flows of one switch, as a function of the model and of its ports. `update` computes what depends on what has
 * changed since the last call, and nothing else; a compiler made anew gives the same flows.
 */
export class Compiler {
  readonly relations: Relations;
  readonly flows = new FlowTable();
  readonly #view: View;
  readonly #stages: Stage[];
  readonly #unwatch: (() => void)[];
  readonly #waits = new Set<Unit>();
  #computed = 0;

  constructor(
    datapathId: number,
    model: ModelRelations,
    derivations: readonly Derivation[],
    features: readonly AnyFeature[],
  ) {
    this.relations = { ...model, ...localRelations() };
    this.#view = new View(datapathId, this.relations);
    this.#stages = [
      ...derivations.map((derivation) => this.#derivationStage(derivation)),
      ...bySource(features).map((sharing) => this.#featureStage(sharing)),
    ];
    for (const flow of missFlows()) this.flows.add(encode(flow, 0n));
    for (const { cookie, always = [] } of features) {
      for (const flow of always) this.flows.add(encode(flow, cookieOf(cookie, 0)));
    }
    this.#unwatch = this.#stages.map((stage) => this.#watch(stage));
  }

  /** Lets go of the model; the compiler may not be used again. */
  close(): void {
    for (const unwatch of this.#unwatch) unwatch();
    for (const { units } of this.#stages) {
      for (const unit of units.values()) for (const cell of unit.deps) cell.drop(unit);
    }
  }

  /** How many items have been computed so far: the measure of what a change costs. */
  get computed(): number {
    return this.#computed;
  }

  /** Tells `seen` of every row of a relation of the switch that comes, changes or goes (undefined), on each update. */
  watch<N extends keyof LocalRows>(name: N, seen: (id: number, row: LocalRows[N] | undefined) => void): void {
    const stage: Stage = {
      source: { of: name } as Stage['source'],
      units: new Map(),
      dirty: [],
      compute: (view, id) => seen(id, view.get(name, id) as LocalRows[N]),
      retire: (id) => seen(id, undefined),
    };
    this.#stages.push(stage);
    this.#unwatch.push(this.#watch(stage));
  }

  /**
   * Brings the flows up to date; says whether it has. With `most`, it stops when about as many flows have changed, so that
   * they can be on their way while the rest is computed: all that it has put in by then stays.
   */
  update(most = Number.POSITIVE_INFINITY): boolean {
    // A later stage reads what earlier ones wrote and never the other way, so one pass in order is enough.
    for (const stage of this.#stages) {
      for (let unit = stage.dirty.pop(); unit; unit = stage.dirty.pop()) {
        this.#compute(unit);
        if (this.flows.touched >= most) return false;
      }
    }
    return true;
  }

  /** What is waited for, in no order. */
  *waits(): Generator<Wait> {
    for (const { waits } of this.#waits) yield* waits;
  }

  #compute(unit: Unit): void {
    this.#computed++;
    unit.dirty = false;
    for (const cell of unit.deps) cell.drop(unit);
    readLength = 0;
    unit.waits = none;
    this.#view.reader = unit;
    if (unit.present) unit.stage.compute(this.#view, unit.key, unit);
    else {
      unit.stage.retire(unit.key, unit);
      unit.stage.units.delete(unit.key);
    }
    unit.deps = read.slice(0, readLength);
    if (unit.waits.length > 0) this.#waits.add(unit);
    else this.#waits.delete(unit);
  }

  #derivationStage({ into, source, select, idOf = (key) => key }: Derivation): Stage {
    const relation = this.relations[into] as unknown as Relation<Identified>;
    const put = (key: number, row: Identified | undefined): void => {
      const id = idOf(key);
      const before = relation.get(id);
      if (!row) relation.delete(id);
      else if (!before || !sameRow(before, row)) relation.set(row);
    };
    return {
      source,
      units: new Map(),
      dirty: [],
      compute: (view, key, unit) => {
        const selected = select(view, key);
        if (isWait(selected)) unit.waits = [selected];
        put(key, isWait(selected) ? undefined : selected);
      },
      retire: (key) => put(key, undefined),
    };
  }

  #featureStage([first, ...others]: Sharing): Stage {
    const sharing = [first, ...others];
    return {
      source: first.source,
      units: new Map(),
      dirty: [],
      compute: (view, key, unit) => {
        const wanted: EncodedFlow[] = [];
        for (const { cookie, select, flows } of sharing) {
          const selected = select(view, key);
          if (isWait(selected)) unit.waits = [...unit.waits, selected];
          else if (selected !== undefined) {
            const mark = cookieOf(cookie, key);
            for (const flow of flows(selected)) wanted.push(encode(flow, mark));
          }
        }
        // Copied, so that it has no room for more.
        this.#replace(unit, wanted.length === 0 ? none : wanted.slice());
      },
      retire: (_, unit) => this.#replace(unit, none),
    };
  }

  /** Puts an item's flows in the place of those it had; equal ones are not touched. */
  #replace(unit: Unit, given: readonly EncodedFlow[]): void {
    const before = unit.flows;
    const wanted = distinct(given);
    unit.flows = wanted;
    for (const flow of wanted) if (!before.some((old) => sameFlow(old, flow))) this.flows.add(flow);
    for (const old of before) if (!wanted.some((flow) => sameFlow(old, flow))) this.flows.remove(old);
  }

  /** Makes a unit for every item there is, and for every one that comes. */
  #watch(stage: Stage): () => void {
    const { source, units } = stage;
    const set = (key: number, present: boolean): void => {
      const unit = units.get(key);
      if (!unit && present) units.set(key, new Unit(stage, key));
      else if (unit && unit.present !== present) {
        unit.present = present;
        unit.invalidate();
      }
    };
    const relation = this.relations[source.of] as unknown as Relation<Identified>;
    if ('by' in source) {
      for (const key of relation.keys(source.by)) set(key as number, true);
      return relation.onGroup(source.by, (key, present) => set(key as number, present));
    }
    const when = source.when as ((row: Identified) => boolean) | undefined;
    const wanted = (id: number): boolean => when === undefined || when(relation.get(id)!);
    for (const { id } of relation.rows()) set(id, wanted(id));
    return relation.onRow((id, present) => set(id, present && wanted(id)));
  }
}

/** An item may say the same twice, as one does that has the same address in two networks: that is one flow. */
function distinct(flows: readonly EncodedFlow[]): readonly EncodedFlow[] {
  for (let i = 1; i < flows.length; i++) {
    // Items have few flows: comparing them costs less than a set would.
    for (let j = 0; j < i; j++) if (sameFlow(flows[i]!, flows[j]!)) return distinct(flows.toSpliced(i, 1));
  }
  return flows;
}

/** Features that have the same source. */
type Sharing = readonly [AnyFeature, ...AnyFeature[]];

/** Features of one source share its items: to keep one more costs more than to compute it again for the others. */
function bySource(features: readonly AnyFeature[]): Sharing[] {
  const groups = Map.groupBy(features, ({ source }) => {
    if ('by' in source) return `${source.of} by ${source.by}`;
    return source.when ?? source.of;
  });
  return [...groups.values()] as unknown as Sharing[];
}

function sameFlow(a: EncodedFlow, b: EncodedFlow): boolean {
  return a.key === b.key && a.body === b.body;
}

/** Whether two rows of plain values are equal. */
function sameRow(a: object, b: object): boolean {
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return (
    Object.keys(left).every((key) => left[key] === right[key]) && Object.keys(right).length === Object.keys(left).length
  );
}
