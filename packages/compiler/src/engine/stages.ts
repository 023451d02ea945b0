import type { EncodedFlow } from '@openvnet/openflow';
import { encode } from '../pipeline/flow.ts';
import {
  type AnyDerivation,
  cookieOf,
  type Derivation,
  type Feature,
  isWait,
  type RowsDerivation,
  type Source,
} from './feature.ts';
import type { FlowTable } from './flow-table.ts';
import type { Identified, Relation } from './relation.ts';
import type { LocalRows, RelationName, Relations, View } from './relations.ts';
import { replace, sameFlows } from './replace.ts';
import type { Fault, Remarks, Stage, Unit } from './unit.ts';

// biome-ignore lint/suspicious/noExplicitAny: the item of a feature is its own affair
export type AnyFeature = Feature<any>;

const none: readonly never[] = [];

/** Fills a relation of the switch. */
export function derivationStage(relations: Relations, declared: AnyDerivation): Stage {
  return 'rows' in declared ? severalRowsStage(relations, declared) : oneRowStage(relations, declared);
}

function oneRowStage(relations: Relations, { into, source, select, idOf = (key) => key }: Derivation): Stage {
  const relation = relations[into] as unknown as Relation<Identified>;
  const put = (key: number, row: Identified | undefined): void => {
    if (row) setRow(relation, row);
    else relation.delete(idOf(key));
  };
  const rowOf = (view: View, key: number, { waits }: Remarks): Identified | undefined => {
    const selected = select(view, key);
    if (!isWait(selected)) return selected;
    waits.push(selected);
    return undefined;
  };
  return {
    names: [`derivation ${into} from ${nameOf(source)}`],
    source,
    into,
    rowIds: (key) => [idOf(key)],
    units: new Map(),
    dirty: [],
    compute: (view, { key }, remarks) => put(key, rowOf(view, key, remarks)),
    agrees: (view, { key }, remarks) => {
      const [held, fresh] = [relation.get(idOf(key)), rowOf(view, key, remarks)];
      return held && fresh ? sameRow(held, fresh) : held === fresh;
    },
    retire: ({ key }) => put(key, undefined),
  };
}

/** The rows that an item had are kept here, as few derivations have several. */
function severalRowsStage(relations: Relations, { into, source, rows }: RowsDerivation): Stage {
  const relation = relations[into] as unknown as Relation<Identified>;
  const held = new Map<number, readonly number[]>();
  const put = (key: number, wanted: readonly Identified[]): void => {
    const ids = new Set(wanted.map(({ id }) => id));
    for (const id of held.get(key) ?? none) if (!ids.has(id)) relation.delete(id);
    for (const row of wanted) setRow(relation, row);
    if (ids.size === 0) held.delete(key);
    else held.set(key, [...ids]);
  };
  return {
    names: [`derivation ${into} from ${nameOf(source)}`],
    source,
    into,
    rowIds: (key) => held.get(key) ?? none,
    units: new Map(),
    dirty: [],
    compute: (view, { key }) => put(key, rows(view, key)),
    agrees: (view, { key }) => {
      const fresh: readonly Identified[] = rows(view, key);
      const same = fresh.every((row) => {
        const before = relation.get(row.id);
        return before !== undefined && sameRow(before, row);
      });
      return same && fresh.length === (held.get(key) ?? none).length;
    },
    retire: ({ key }) => put(key, none),
  };
}

function setRow(relation: Relation<Identified>, row: Identified): void {
  const before = relation.get(row.id);
  if (!before || !sameRow(before, row)) relation.set(row);
}

/** Computes the flows of features that have one source. Where one throws, its flows stay, and the others go on. */
function featureStage(flowTable: FlowTable, sharing: readonly AnyFeature[]): Stage {
  const { source } = sharing[0]!;
  const flowsOf = (view: View, unit: Unit, { waits, faults }: Remarks): EncodedFlow[] => {
    const wanted: EncodedFlow[] = [];
    for (const { name, cookie, select, flows } of sharing) {
      const before = wanted.length;
      try {
        const selected = select(view, unit.key);
        if (isWait(selected)) waits.push(selected);
        else if (selected !== undefined) {
          const mark = cookieOf(cookie, unit.key);
          for (const flow of flows(selected)) wanted.push(encode(flow, mark));
        }
      } catch (error) {
        wanted.length = before;
        for (const flow of unit.flows) if (flow.body.charCodeAt(0) === cookie) wanted.push(flow);
        faults.push({ by: `feature ${name}`, source, item: unit.key, error: error as Error });
      }
    }
    return wanted;
  };
  return {
    names: sharing.map(({ name }) => `feature ${name}`),
    source,
    units: new Map(),
    dirty: [],
    compute: (view, unit, remarks) => {
      const wanted = flowsOf(view, unit, remarks);
      // Copied, so that it has no room for more.
      unit.flows = replace(flowTable, unit.flows, wanted.length === 0 ? none : wanted.slice());
    },
    agrees: (view, unit, remarks) => sameFlows(unit.flows, flowsOf(view, unit, remarks)),
    retire: (unit) => {
      unit.flows = replace(flowTable, unit.flows, none);
    },
  };
}

/** Features of one source share its items: to keep one more costs more than to compute it again for the others. */
export function featureStages(flowTable: FlowTable, features: readonly AnyFeature[]): Stage[] {
  const bySource = Map.groupBy(features, ({ source }) => nameOf(source));
  return [...bySource.values()].flatMap((group) =>
    [...Map.groupBy(group, ({ source }) => ('by' in source ? undefined : source.when)).values()].map((sharing) =>
      featureStage(flowTable, sharing),
    ),
  );
}

/** Tells `seen` of rows of a relation. */
export function watchStage<N extends keyof LocalRows>(
  of: N,
  seen: (id: number, row: LocalRows[N] | undefined) => void,
): Stage {
  return {
    names: [`the watch of ${of}`],
    source: { of } as Source,
    units: new Map(),
    dirty: [],
    agrees: () => true,
    compute: (view, { key }) => seen(key, view.get(of as RelationName, key) as LocalRows[N] | undefined),
    retire: ({ key }) => seen(key, undefined),
  };
}

/** The flows of a feature that depend on nothing. */
export function alwaysFlows({ name, cookie, source, always = none }: AnyFeature): EncodedFlow[] | Fault {
  try {
    return always.map((flow) => encode(flow, cookieOf(cookie, 0)));
  } catch (error) {
    return { by: `feature ${name}`, source, item: 0, error: error as Error };
  }
}

/** Whether not every row of its relation is an item. */
export function hasCondition(source: Source): source is ConditionalSource {
  return 'when' in source && source.when !== undefined;
}

type ConditionalSource = Source & { readonly when: (row: never) => boolean };

/** Whether a row of its relation is an item of a source. */
export function isItem(source: Source, row: Identified): boolean {
  return !hasCondition(source) || source.when(row as never);
}

/** Whether a row is an item. One of which that cannot be said is, so that computing it shows the fault. */
export function isWanted(source: Source, row: Identified): boolean {
  try {
    return isItem(source, row);
  } catch {
    return true;
  }
}

function nameOf(source: Source): string {
  return 'by' in source ? `${source.of} by ${source.by}` : source.of;
}

/** Whether two rows of plain values are equal. */
function sameRow(a: object, b: object): boolean {
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return (
    Object.keys(left).every((key) => left[key] === right[key]) && Object.keys(right).length === Object.keys(left).length
  );
}
