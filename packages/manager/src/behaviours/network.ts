import type { Behaviour } from './behaviour.ts';
import { joinTopology } from './topology.ts';

export const network: Behaviour<'network'> = {
  complete: (_tx, values) => ({
    ...values,
    domain_name: values.domain_name ?? values.uuid.slice(values.uuid.indexOf('-') + 1),
  }),
  created: joinTopology('network'),
  findings: (_facts, rows) =>
    rows.map(({ mode }) => ({
      notes: mode === 'physical' ? ["this version does not join it to the hosts' own network"] : [],
    })),
};
