import type { EncodedFlow } from '@openvnet/openflow';
import { encode } from '../pipeline/flow.ts';
import { missFlows } from '../pipeline/misses.ts';
import type { AnyDerivation, Wait } from './feature.ts';
import { FlowTable } from './flow-table.ts';
import { localRelations } from './local-relations.ts';
import { visibleTo } from './order.ts';
import type { Identified, Relation } from './relation.ts';
import { type LocalRows, type ModelRelations, type Relations, View } from './relations.ts';
import { checkFlows, checkItems, checkRows, type SelfCheck } from './self-check.ts';
import {
  type AnyFeature,
  alwaysFlows,
  derivationStage,
  featureStages,
  hasCondition,
  isItem,
  isWanted,
  watchStage,
} from './stages.ts';
import { type Fault, type Remarks, type Stage, Unit } from './unit.ts';

/**
 * The flows of one switch, as a function of the model and of its ports. `update` computes what depends on what has
 * changed since the last call, and nothing else; a compiler made anew gives the same flows.
 */
export class Compiler {
  readonly relations: Relations;
  readonly flows = new FlowTable();
  readonly #datapathId: number;
  readonly #stages: Stage[] = [];
  readonly #views: View[] = [];
  readonly #unwatch: (() => void)[] = [];
  readonly #waits = new Map<Unit, readonly Wait[]>();
  readonly #faults = new Map<Unit, readonly Fault[]>();
  /** Flows that depend on nothing. */
  readonly #constant: EncodedFlow[] = [];
  /** Of those. */
  readonly #lasting: Fault[] = [];
  #newFaults: Fault[] = [];
  readonly #remarks: Remarks = { waits: [], faults: [] };
  #computed = 0;

  constructor(
    datapathId: number,
    model: ModelRelations,
    derivations: readonly AnyDerivation[],
    features: readonly AnyFeature[],
  ) {
    this.#datapathId = datapathId;
    this.relations = { ...model, ...localRelations() };
    this.#add(
      ...derivations.map((each) => derivationStage(this.relations, each)),
      ...featureStages(this.flows, features),
    );
    for (const flow of missFlows()) this.#constant.push(encode(flow, 0n));
    for (const feature of features) {
      const made = alwaysFlows(feature);
      if (Array.isArray(made)) this.#constant.push(...made);
      else this.#lasting.push(made);
    }
    for (const flow of this.#constant) this.flows.add(flow);
    this.#newFaults = [...this.#lasting];
  }

  /** Lets go of the model; the compiler may not be used again. */
  close(): void {
    for (const unwatch of this.#unwatch) unwatch();
    for (const { units } of this.#stages) for (const unit of units.values()) unit.release();
  }

  /** How many items have been computed so far: the measure of what a change costs. */
  get computed(): number {
    return this.#computed;
  }

  /** Tells `seen` of every row of a relation of the switch that comes, changes or goes (undefined), on each update. */
  watch<N extends keyof LocalRows>(name: N, seen: (id: number, row: LocalRows[N] | undefined) => void): void {
    this.#add(watchStage(name, seen));
  }

  /**
   * Brings the flows up to date; says whether it has. With `most`, it stops when about as many flows have changed, so that
   * they can be on their way while the rest is computed: all that it has put in by then stays. What an item throws is its
   * fault: the item keeps what it had until something that it has read changes.
   */
  update(most = Number.POSITIVE_INFINITY): boolean {
    for (const [i, stage] of this.#stages.entries()) {
      for (let unit = stage.dirty.pop(); unit; unit = stage.dirty.pop()) {
        this.#compute(unit, this.#views[i]!);
        if (this.flows.touched >= most) return false;
      }
    }
    return true;
  }

  /**
   * Computes every item anew and compares; what disagrees is computed again by the next `update`, or taken as it should be.
   * Pauses after every item, so that others get their turn; what changes meanwhile is no disagreement.
   */
  *selfCheck(): Generator<undefined, SelfCheck> {
    const stages = this.#stages.map((stage, i) => ({ stage, view: this.#views[i]!, relation: this.#sourceOf(stage) }));
    const { items, disagreements } = yield* checkItems(stages);
    const rows = checkRows(stages, this.relations);
    const flows = checkFlows(this.flows, () => this.#allFlows());
    return { items, disagreements: [...disagreements, ...rows, ...flows] };
  }

  *#allFlows(): Generator<EncodedFlow> {
    yield* this.#constant;
    for (const { units } of this.#stages) for (const { flows } of units.values()) yield* flows;
  }

  #sourceOf({ source }: Stage): Relation<Identified> {
    return this.relations[source.of] as unknown as Relation<Identified>;
  }

  /** What is waited for, in no order. */
  *waits(): Generator<Wait> {
    for (const waits of this.#waits.values()) yield* waits;
  }

  /** What cannot be computed at present, in no order. */
  get faults(): Fault[] {
    return [...this.#lasting, ...[...this.#faults.values()].flat()];
  }

  /** Faults that have occurred since the last call. */
  takeFaults(): readonly Fault[] {
    const faults = this.#newFaults;
    this.#newFaults = [];
    return faults;
  }

  #compute(unit: Unit, view: View): void {
    this.#computed++;
    const { stage, key } = unit;
    const remarks = this.#remarks;
    view.reader = unit;
    unit.begin();
    if (unit.present) {
      try {
        if (hasCondition(stage.source)) isItem(stage.source, view.get(stage.source.of, key)!);
        stage.compute(view, unit, remarks);
      } catch (error) {
        remarks.faults.push({ by: stage.names.join(', '), source: stage.source, item: key, error: error as Error });
      }
    } else {
      stage.retire(unit);
      stage.units.delete(key);
    }
    unit.end();
    this.#note(unit);
  }

  #note(unit: Unit): void {
    const { waits, faults } = this.#remarks;
    if (waits.length > 0) {
      this.#waits.set(unit, waits);
      this.#remarks.waits = [];
    } else if (this.#waits.size > 0) this.#waits.delete(unit);
    if (faults.length > 0) {
      this.#faults.set(unit, faults);
      this.#newFaults.push(...faults);
      this.#remarks.faults = [];
    } else if (this.#faults.size > 0) this.#faults.delete(unit);
  }

  /** Stages come in the order in which they are computed; each sees what those before it fill. */
  #add(...stages: Stage[]): void {
    const first = this.#stages.length;
    this.#stages.push(...stages);
    for (const [i, stage] of stages.entries()) {
      this.#views.push(new View(this.#datapathId, visibleTo(this.relations, this.#stages, first + i)));
      this.#unwatch.push(this.#watch(stage));
    }
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
    const relation = this.#sourceOf(stage);
    if ('by' in source) {
      for (const key of relation.keys(source.by)) set(key as number, true);
      return relation.onGroup(source.by, (key, present) => set(key as number, present));
    }
    const wanted = (id: number): boolean => isWanted(source, relation.get(id)!);
    for (const { id } of relation.rows()) set(id, wanted(id));
    return relation.onRow((id, present) => set(id, present && wanted(id)));
  }
}
