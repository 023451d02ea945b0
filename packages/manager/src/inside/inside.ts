import type { Context } from '../api/resource-endpoints.ts';
import type { Agents } from '../status/agents.ts';
import type { Reports } from '../status/reports.ts';

/** What the endpoints that look inside the switches work with. */
export interface Inside extends Context {
  readonly reports: Reports;
  readonly agents: Agents;
}
