import { type Fate, type Punted, type Says, sentenceOf, type Taken } from '../engine/says.ts';
import { features } from '../features/index.ts';
import { missWords } from '../pipeline/miss-words.ts';
import { reasonOf, type TableName } from '../pipeline/tables.ts';

const saying = new Map<string, Says>([...features.map(({ name, says }) => [name, says] as const), ['miss', missWords]]);

/** What a flow did with a packet, in words: as its feature says it, or its table where no flow matched. */
export function said(table: string, taken: Omit<Taken, 'sets'>): string {
  const name = table as TableName;
  // What the switch has learned by itself is told by the feature that has it learn.
  const says = saying.get(taken.feature) ?? features.find((feature) => feature.says[name])?.says;
  const sentence = says?.[name];
  if (sentence !== undefined) return sentenceOf(sentence, { ...taken, sets: setsOf(taken.actions) });
  return taken.actions.join(', ') || (taken.next ? 'goes on as it is' : 'dropped');
}

const telling = new Map(features.flatMap(({ tells = {} }) => Object.entries(tells)));

/** What becomes of a packet that was punted: as the feature says it that has it punted. */
export function fateOf(number: number, punted: Punted): Fate {
  const reason = reasonOf(number);
  const tell = reason && telling.get(reason);
  return tell ? tell(punted) : { text: `goes to the agent (${reason})` };
}

function setsOf(actions: readonly string[]): Record<string, string> {
  const sets = actions.filter((action) => action.includes('='));
  return Object.fromEntries(sets.map((action) => action.split('=', 2) as [string, string]));
}
