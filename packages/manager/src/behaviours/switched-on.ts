import { type RowOf, shell } from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { byId } from '../api/record.ts';
import type { Behaviour } from './behaviour.ts';

type Flag = {
  [K in keyof RowOf<'interface'>]: RowOf<'interface'>[K] extends boolean ? K : never;
}[keyof RowOf<'interface'>];

/** What has an effect only while a flag of its interface is set: says so where it is not. */
function switchedOnBy<K extends 'filter' | 'translation'>(
  flag: Flag,
  without: string,
  waitsFor: (reader: Reader, interfaces: ReadonlyMap<number, RowOf<'interface'>>) => Promise<Map<number, string>>,
): Behaviour<K> {
  const shared: Behaviour<'filter' | 'translation'> = {
    async findings({ reader }, rows) {
      const interfaces = await byId(
        reader,
        'interface',
        rows.map(({ interface_id }) => interface_id),
      );
      const lacking = await waitsFor(reader, interfaces);
      return rows.map(({ interface_id }) => {
        const { uuid, [flag]: on } = interfaces.get(interface_id)!;
        const option = `--${flag.replaceAll('_', '-')}`;
        const command = `${shell`vnctl interfaces modify ${uuid}`} ${option}`;
        const lacks = lacking.get(interface_id);
        return {
          waits_for: lacks === undefined ? [] : [lacks],
          notes: on ? [] : [`${uuid} has ${flag} false, so ${without}. Use: ${command}`],
        };
      });
    },
  };
  // It uses nothing but the column that both have.
  return shared as unknown as Behaviour<K>;
}

export const filter: Behaviour<'filter'> = switchedOnBy('enable_filtering', 'everything passes', async () => new Map());
export const translation: Behaviour<'translation'> = switchedOnBy(
  'enable_route_translation',
  'nothing is translated',
  unrouted,
);

/** Gateways that belong to no router. */
async function unrouted(
  reader: Reader,
  interfaces: ReadonlyMap<number, RowOf<'interface'>>,
): Promise<Map<number, string>> {
  const routes = await reader.find('route', { interface_id: [...interfaces.keys()] });
  const routed = new Set(routes.map(({ interface_id }) => interface_id));
  const [link] = await reader.find('route_link', {}, { limit: 1 });
  return new Map(
    [...interfaces].flatMap(([id, { uuid }]) => {
      if (routed.has(id)) return [];
      const words = ['--interface-uuid', uuid, '--route-link-uuid', link?.uuid ?? 'ROUTE_LINK'];
      return [
        [
          id,
          `${uuid} has no route, so it belongs to no router. Use: ${shell`vnctl routes add ${words} --ipv4-network NETWORK/PREFIX`}`,
        ],
      ];
    }),
  );
}
