import type { Applied } from '@openvnet/model';
import { counted, type Io, styled } from '../output.ts';

const signs = { add: '+', change: '~', remove: '-', replace: '±' } as const;
const colours = { add: 'green', change: 'yellow', remove: 'red', replace: 'red' } as const;

/** What was changed, or would be, a line for each object. */
export function changesText(io: Io, { applied, changes }: Applied): string {
  if (changes.length === 0) return 'nothing to do: what is registered is as the file says';
  const lines = changes.map(({ action, object, fields }) => {
    const moved = Object.entries(fields).map(([name, { from, to }]) => `${name} ${from ?? '-'} → ${to}`);
    const how = moved.length > 0 ? `  ${moved.join(', ')}` : '';
    return `${styled(io, colours[action], `${signs[action]} ${object}`)}${how}`;
  });
  const replaced = changes.filter(({ action }) => action === 'replace').length;
  const needed = `${counted(replaced, 'object')} marked ± would be deleted and made again: apply does that with --replace`;
  const last = `${counted(changes.length, 'change')}${applied ? '' : ', none of them made'}`;
  return [...lines, ...(replaced > 0 && !applied ? [needed] : []), last].join('\n');
}
