import { parametersOf } from '../resource.ts';
import { type Kind, kinds, resourceOf } from './index.ts';

/** Kinds that stand by themselves, and not below another. */
export const topKinds: readonly Kind[] = kinds.filter((kind) => !resourceOf(kind).nested);

/** Kinds that hang below another. */
export function nestedIn(kind: Kind): readonly Kind[] {
  return nested.get(kind) ?? [];
}

const nested = Map.groupBy(
  kinds.filter((kind) => resourceOf(kind).nested),
  (kind) => resourceOf(kind).nested!.of as Kind,
);

/** Kinds so that each comes after those it refers to: the order in which objects can be made. */
export function kindsInOrder(): Kind[] {
  const ordered = new Set<Kind>();
  const visiting = new Set<Kind>();
  const visit = (kind: Kind): void => {
    // In a circle of references one is optional, and given later where it matters.
    if (ordered.has(kind) || visiting.has(kind)) return;
    visiting.add(kind);
    const declared = resourceOf(kind);
    for (const [, field] of parametersOf(declared)) if (field.to) visit(field.to as Kind);
    if (declared.nested) visit(declared.nested.of as Kind);
    ordered.add(kind);
  };
  for (const kind of kinds) visit(kind);
  return [...ordered];
}
