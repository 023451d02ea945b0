/** What is not ordinary about each kind. Below all that asks for it, and filled once by the manager when it starts. */
import type { Kind } from '@openvnet/model';
import type { Behaviour } from './behaviour.ts';

type Behaviours = { readonly [K in Kind]?: Behaviour<K> };

let behaviours: Behaviours = {};
const ordinary = {};

export function useBehaviours(all: Behaviours): void {
  behaviours = all;
}

export function behaviourOf<K extends Kind>(kind: K): Behaviour<K> {
  return (behaviours[kind] as Behaviour<K> | undefined) ?? ordinary;
}

/** Those that are not, for what goes beyond one kind. */
export function allBehaviours(): readonly Behaviour[] {
  return Object.values(behaviours) as readonly Behaviour[];
}
