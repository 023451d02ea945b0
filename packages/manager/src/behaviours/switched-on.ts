import type { RowOf } from '@openvnet/model';
import { byId } from '../api/record.ts';
import type { Behaviour } from './behaviour.ts';

type Flag = {
  [K in keyof RowOf<'interface'>]: RowOf<'interface'>[K] extends boolean ? K : never;
}[keyof RowOf<'interface'>];

/** What has an effect only while a flag of its interface is set: says so where it is not. */
function switchedOnBy<K extends 'filter' | 'translation'>(flag: Flag, without: string): Behaviour<K> {
  const shared: Behaviour<'filter' | 'translation'> = {
    async findings({ reader }, rows) {
      const interfaces = await byId(
        reader,
        'interface',
        rows.map(({ interface_id }) => interface_id),
      );
      return rows.map(({ interface_id }) => {
        const { uuid, [flag]: on } = interfaces.get(interface_id)!;
        const command = `vnctl interfaces modify ${uuid} --${flag.replaceAll('_', '-')}`;
        return { notes: on ? [] : [`${uuid} has ${flag} false, so that ${without}; set it with: ${command}`] };
      });
    },
  };
  // It uses nothing but the column that both have.
  return shared as unknown as Behaviour<K>;
}

export const filter: Behaviour<'filter'> = switchedOnBy('enable_filtering', 'everything passes');
export const translation: Behaviour<'translation'> = switchedOnBy('enable_route_translation', 'nothing is translated');
