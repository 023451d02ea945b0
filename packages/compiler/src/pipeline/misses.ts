import { type Flow, handOver } from './flow.ts';
import { type AgentReason, tableNames, tables } from './tables.ts';

/** What each table does with a packet that no flow of it takes. */
export function missFlows(): Flow[] {
  return tableNames.map((table) => {
    const miss: string | { readonly agent: AgentReason } = tables[table].miss;
    const flow = { table, priority: 0, match: {} };
    if (typeof miss === 'object') return { ...flow, ...handOver(miss.agent) } as Flow;
    return (miss === 'drop' ? flow : { ...flow, next: miss }) as Flow;
  });
}
