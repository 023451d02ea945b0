import type { Applied } from '@openvnet/model';
import { type Io, styled } from '../output.ts';

const signs = { add: '+', change: '~', remove: '-' } as const;
const colours = { add: 'green', change: 'yellow', remove: 'red' } as const;

/** What was changed, or would be, a line for each object. */
export function changesText(io: Io, { applied, changes }: Applied): string {
  if (changes.length === 0) return 'nothing to do: what is registered is as the file says';
  const lines = changes.map(({ action, object, fields }) => {
    const moved = Object.entries(fields).map(([name, { from, to }]) => `${name} ${from ?? '-'} → ${to}`);
    const how = moved.length > 0 ? `  ${moved.join(', ')}` : '';
    return `${styled(io, colours[action], `${signs[action]} ${object}`)}${how}`;
  });
  return [...lines, `${changes.length} changes${applied ? '' : ', none of them made'}`].join('\n');
}
