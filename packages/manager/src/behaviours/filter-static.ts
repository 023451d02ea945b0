import { ApiError, ipv4ToText, type RowOf, removalParametersOf, resourceOf } from '@openvnet/model';
import type { Values } from '@openvnet/store';
import {
  inOurWords,
  listCommand,
  nothingMatches,
  objectInPath,
  parametersFor,
  readParameters,
} from '../api/parameters.ts';
import { recordOf } from '../api/record.ts';
import type { Behaviour } from './behaviour.ts';

const declared = resourceOf('filter_static');
const matches = removalParametersOf(declared).filter(([name]) => name !== 'action' && name !== 'description');
const parameters = parametersFor(matches, 'make');

export const filterStatic: Behaviour<'filter_static'> = {
  async complete(tx, values) {
    const { action, description, ...match } = completed(values);
    const withPorts = match.protocol === 'tcp' || match.protocol === 'udp';
    if (withPorts && (await tx.count('filter_static', match)) > 0) {
      throw new ApiError(
        'argument',
        `${(await tx.get('filter', match.filter_id))!.uuid} already has a rule for ${wordsFor(match)}`,
      );
    }
    return { ...match, action, ...(description !== undefined && { description }) };
  },
  // Ports are no part of a rule about another protocol.
  view: (_reader, rows) =>
    rows.map(({ protocol, src_port, dst_port }) =>
      protocol === 'tcp' || protocol === 'udp' ? { src_port, dst_port } : { src_port: undefined, dst_port: undefined },
    ),
  endpoints: (store) => [
    {
      method: 'DELETE',
      path: '/filters/:uuid/static',
      doc: 'Deletes the rule with exactly these values. A parameter that is not given means any, as when a rule is added.',
      group: 'filters',
      parameters,
      answer: { shape: 'record', kind: 'filter_static' },
      async handle(call) {
        const given = inOurWords(declared, call.given);
        const read = readParameters(parameters, given);
        const { value, revision } = await store.transaction(call.by, async (tx) => {
          const { id: filter_id } = await objectInPath(tx, 'filter', call.path.uuid!);
          const defaults = { src_address: 0, src_prefix: 0, dst_address: 0, dst_prefix: 0 };
          const { action: _, ...match } = completed({ ...defaults, ...read, filter_id } as never);
          const [row] = await tx.find('filter_static', match, { limit: 1 });
          if (!row) throw nothingMatches(call.given, listCommand('filter_static', call.path.uuid));
          const record = await recordOf(tx, 'filter_static', row);
          await tx.remove('filter_static', row.id);
          return record;
        });
        call.wrote(revision);
        return value;
      },
    },
  ],
};

/** A rule as it is kept: ports are numbers with tcp and udp, 0 for any, and absent otherwise. */
function completed(values: Values<'filter_static'>): Values<'filter_static'> & Pick<RowOf<'filter_static'>, 'action'> {
  const {
    src_address = 0,
    src_prefix = 0,
    dst_address = 0,
    dst_prefix = 0,
  } = values as Partial<RowOf<'filter_static'>>;
  for (const [side, address, prefix] of [
    ['src', src_address, src_prefix],
    ['dst', dst_address, dst_prefix],
  ] as const) {
    if (address !== 0 || prefix === 0) continue;
    throw new ApiError('argument', `Could not take address: 0.0.0.0/${prefix}`, {
      hint: `${side}_address: expected 0.0.0.0/0, or no address, for any`,
    });
  }
  const withPorts = values.protocol === 'tcp' || values.protocol === 'udp';
  return {
    ...values,
    src_address,
    src_prefix,
    dst_address,
    dst_prefix,
    src_port: withPorts ? (values.src_port ?? 0) : null,
    dst_port: withPorts ? (values.dst_port ?? 0) : null,
  };
}

function wordsFor(rule: Omit<Values<'filter_static'>, 'action' | 'description'>): string {
  const side = (address: number, prefix: number, port: number | null | undefined): string =>
    `${ipv4ToText(address)}/${prefix} port ${port || 'any'}`;
  const from = side(rule.src_address, rule.src_prefix, rule.src_port);
  return `${rule.protocol} from ${from} to ${side(rule.dst_address, rule.dst_prefix, rule.dst_port)}`;
}
