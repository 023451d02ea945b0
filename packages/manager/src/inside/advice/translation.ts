import { ipv4ToText, shell } from '@openvnet/model';
import { type Advice, command } from './words.ts';

/** Packets that a translating gateway does not translate. */
export const translation: Pick<Advice, 'untranslated'> = {
  async untranslated(reader, { interface_id, address, route_link_id }) {
    const own = await reader.get('interface', interface_id);
    if (!own) return [];
    const translations = await reader.find('translation', { interface_id });
    const [first] = translations;
    if (!first)
      return [
        `${own.uuid} translates addresses but has no translation, so nothing is routed there. Use: ${shell`vnctl interfaces modify ${own.uuid} --enable-route-translation false`}`,
      ];
    const text = ipv4ToText(address);
    const entries = await reader.find('translation_static_address', {
      translation_id: translations.map(({ id }) => id),
    });
    const other = entries.find(
      (entry) =>
        entry.route_link_id !== null &&
        entry.route_link_id !== route_link_id &&
        [entry.ingress_ipv4_address, entry.egress_ipv4_address].includes(address),
    );
    const entryWords = (outside: string, inside: string): string[] => [
      '--ingress-ipv4-address',
      outside,
      '--egress-ipv4-address',
      inside,
    ];
    if (other) {
      const { uuid } = translations.find(({ id }) => id === other.translation_id)!;
      const words = entryWords(ipv4ToText(other.ingress_ipv4_address), ipv4ToText(other.egress_ipv4_address));
      const [of, wanted] = [
        await reader.get('route_link', other.route_link_id!),
        await reader.get('route_link', route_link_id),
      ];
      const remove = command('translations', 'static-address', 'del', uuid, ...words);
      const add = command('translations', 'static-address', 'add', uuid, ...words);
      return [
        `an entry of ${uuid} translates ${text} for ${of?.uuid} only${wanted ? `, and the packet belongs to ${wanted.uuid}` : ''}. Use: ${remove} && ${add}`,
      ];
    }
    const add = command('translations', 'static-address', 'add', first.uuid, ...entryWords('OUTSIDE', 'INSIDE'));
    const pass = command('translations', 'modify', first.uuid, '--passthrough', 'true');
    return [`no entry of ${first.uuid} translates ${text}. Use: ${add}, or to pass packets untranslated: ${pass}`];
  },
};
