import type { Kind } from '@openvnet/model';

/** What `make` gives for a kind, made once for each: it follows from the declaration and is asked for with every object. */
export function perKind<T>(make: (kind: Kind) => T): (kind: Kind) => T {
  const made = new Map<Kind, T>();
  return (kind) => {
    let known = made.get(kind);
    if (known === undefined) {
      known = make(kind);
      made.set(kind, known);
    }
    return known;
  };
}
