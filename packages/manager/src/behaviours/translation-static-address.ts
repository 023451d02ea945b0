import { ApiError, ipv4ToText, removalParametersOf, resourceOf } from '@openvnet/model';
import {
  listCommand,
  nothingMatches,
  objectInPath,
  parametersFor,
  readParameters,
  resolveReferences,
} from '../api/parameters.ts';
import { byId } from '../api/record.ts';
import type { Behaviour } from './behaviour.ts';

const fields = removalParametersOf(resourceOf('translation_static_address'));
const parameters = parametersFor(fields, 'make');

export const translationStaticAddress: Behaviour<'translation_static_address'> = {
  async complete(tx, values) {
    const { ingress_port_number = null, egress_port_number = null } = values;
    if (ingress_port_number === null || egress_port_number === null) return values;
    const { translation_id, ingress_ipv4_address, egress_ipv4_address } = values;
    const pair = { ingress_ipv4_address, egress_ipv4_address, ingress_port_number, egress_port_number };
    if ((await tx.count('translation_static_address', { translation_id, ...pair })) === 0) return values;
    const words = `${ipv4ToText(ingress_ipv4_address)}:${ingress_port_number} to ${ipv4ToText(egress_ipv4_address)}:${egress_port_number}`;
    throw new ApiError(
      'argument',
      `${(await tx.get('translation', translation_id))!.uuid} already translates ${words}`,
    );
  },
  // As the original: the networks are repeated where both were given, the logical router where there is one.
  async view(reader, rows) {
    const networks = await byId(
      reader,
      'network',
      rows.flatMap((row) => [row.ingress_network_id, row.egress_network_id]),
    );
    return rows.map((row) => {
      const [ingress, egress] = [networks.get(row.ingress_network_id ?? 0), networks.get(row.egress_network_id ?? 0)];
      return {
        ...(row.route_link_id === null && { route_link_uuid: undefined }),
        ...(ingress && egress && { ingress_network_uuid: ingress.uuid, egress_network_uuid: egress.uuid }),
      };
    });
  },
  endpoints: (store) => [
    {
      method: 'DELETE',
      path: '/translations/:uuid/static_address',
      doc: 'Deletes the entries of the translation that match the parameters.',
      group: 'translations',
      parameters,
      answer: { shape: 'object' },
      async handle(call) {
        const read = readParameters(parameters, call.given);
        const { value, revision } = await store.transaction(call.by, async (tx) => {
          const translation = await objectInPath(tx, 'translation', call.path.uuid!);
          const where = { translation_id: translation.id, ...(await resolveReferences(tx, fields, read)) };
          const rows = await tx.find('translation_static_address', where);
          if (rows.length === 0)
            throw nothingMatches(call.given, listCommand('translation_static_address', translation.uuid));
          for (const { id } of rows) await tx.remove('translation_static_address', id);
          return { uuid: translation.uuid };
        });
        call.wrote(revision);
        return value;
      },
    },
  ],
};
