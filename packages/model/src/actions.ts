import { text } from './field.ts';
import type { Action, Resource } from './resource.ts';

/** What every object of its own can be given. */
const rename: Omit<Action, 'answers'> = {
  method: 'PUT',
  doc: 'Changes the uuid. References to it and the name of the port of an interface stay, and no flow changes.',
  parameters: { new_uuid: text({ placeholder: 'UUID', doc: 'The new uuid.' }) },
};

/** What can be done with an object beside the ordinary: what its resource declares, and another name. */
export function actionsOf({ kind, idPrefix, nested, actions = {} }: Resource): Readonly<Record<string, Action>> {
  return idPrefix && !nested ? { ...actions, rename: { ...rename, answers: kind } } : actions;
}
