import { text } from './field.ts';
import type { Action, Resource } from './resource.ts';

/** What every object of its own can be given. */
const rename: Omit<Action, 'answers'> = {
  method: 'PUT',
  doc: 'Gives it another uuid. What refers to it stays, the port of an interface keeps its name, and no flow changes.',
  parameters: { new_uuid: text({ placeholder: 'UUID', doc: 'What it is called from now on.' }) },
};

/** What can be done with an object beside the ordinary: what its resource declares, and another name. */
export function actionsOf({ kind, idPrefix, nested, actions = {} }: Resource): Readonly<Record<string, Action>> {
  return idPrefix && !nested ? { ...actions, rename: { ...rename, answers: kind } } : actions;
}
