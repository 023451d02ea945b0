import type { EncodedFlow } from '@openvnet/openflow';
import { tableNames } from '../pipeline/tables.ts';
import type { Source } from './feature.ts';
import type { FlowTable } from './flow-table.ts';
import type { Identified, Relation } from './relation.ts';
import type { Relations, View } from './relations.ts';
import { isWanted } from './stages.ts';
import { type Stage, Unit } from './unit.ts';

/** Something that was not as it would be if it were computed anew: an item, or a flow of no item, by its table. */
export type Disagreement =
  | { readonly by: string; readonly source: Source; readonly item: number }
  | { readonly table: string };

export interface SelfCheck {
  readonly items: number;
  readonly disagreements: readonly Disagreement[];
}

interface Checked {
  readonly stage: Stage;
  readonly view: View;
  readonly relation: Relation<Identified>;
}

/** Looks for items that are missing, that should be gone, and whose rows or flows are others; has them computed again. */
export function* checkItems(stages: readonly Checked[]): Generator<undefined, SelfCheck> {
  const disagreements: Disagreement[] = [];
  let items = 0;
  for (const { stage, view, relation } of stages) {
    const { source, units } = stage;
    const due = new Set([...units.keys(), ...keysOf(source, relation)]);
    for (const key of due) {
      items++;
      const unit = units.get(key);
      if (!unit?.dirty && !agrees({ stage, view, relation }, key)) {
        disagreements.push({ by: stage.names.join(', '), source, item: key });
        recompute(stage, key, isThere(source, relation, key));
      }
      yield;
    }
  }
  return { items, disagreements };
}

/** Looks for rows of a derived relation that no item accounts for, and takes them out. */
export function checkRows(stages: readonly Checked[], relations: Relations): Disagreement[] {
  const filling = Map.groupBy(
    stages.map(({ stage }) => stage).filter(({ into }) => into !== undefined),
    ({ into }) => into!,
  );
  return [...filling].flatMap(([into, writers]) => {
    const relation = relations[into] as unknown as Relation<Identified>;
    const owned = new Set(writers.flatMap(({ units, rowIds }) => [...units.keys()].flatMap((key) => rowIds!(key))));
    const orphans = [...relation.rows()].filter(({ id }) => !owned.has(id));
    for (const { id } of orphans) relation.delete(id);
    return orphans.map(({ id }) => ({ by: `relation ${into}`, source: { of: into } as Source, item: id }));
  });
}

/** Looks for flows that no item has, or that are missing; takes those of the items where there are any. */
export function checkFlows(table: FlowTable, wanted: () => Iterable<EncodedFlow>): Disagreement[] {
  let count = 0;
  let missing = 0;
  for (const flow of wanted()) {
    count++;
    if (!table.claims(flow)) missing++;
  }
  if (missing === 0 && count === table.claimed) return [];
  return table.adopt(wanted()).map((key) => ({ table: tableNames[key.charCodeAt(0)] ?? 'unknown' }));
}

function agrees({ stage, view, relation }: Checked, key: number): boolean {
  const unit = stage.units.get(key);
  const there = isThere(stage.source, relation, key);
  if (!unit || !there) return unit === undefined && !there;
  view.reader = undefined;
  try {
    return stage.agrees(view, unit, { waits: [], faults: [] });
  } catch {
    // What cannot be computed is known as a fault, and what it made before stays.
    return true;
  }
}

function recompute(stage: Stage, key: number, present: boolean): void {
  const unit = stage.units.get(key);
  if (!unit) stage.units.set(key, new Unit(stage, key));
  else {
    unit.present = present;
    unit.invalidate();
  }
}

function keysOf(source: Source, relation: Relation<Identified>): number[] {
  if ('by' in source) return [...relation.keys(source.by)] as number[];
  return [...relation.rows()].filter((row) => isWanted(source, row)).map(({ id }) => id);
}

function isThere(source: Source, relation: Relation<Identified>, key: number): boolean {
  if ('by' in source) return relation.where(source.by, key).length > 0;
  const row = relation.get(key);
  return row !== undefined && isWanted(source, row);
}
