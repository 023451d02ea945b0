import type { Endpoint } from '../api/endpoint.ts';
import type { Place } from '../api/resource-endpoints.ts';
import type { Agents } from '../status/agents.ts';
import type { Reports } from '../status/reports.ts';
import { topologyEndpoints } from '../topology/endpoints.ts';
import { adoptEndpoint } from './adopt.ts';
import { eventsEndpoint } from './events.ts';
import { explainEndpoint } from './explain.ts';
import { flowsEndpoint } from './flows.ts';
import { traceEndpoint } from './trace.ts';

/** What the endpoints that look inside the switches work with. */
export interface Inside extends Place {
  readonly reports: Reports;
  readonly agents: Agents;
}

/** What can be asked of the whole, beside its objects one by one. */
export function insideEndpoints(inside: Inside): Endpoint[] {
  return [
    adoptEndpoint(inside),
    flowsEndpoint(inside),
    traceEndpoint(inside),
    explainEndpoint(inside),
    eventsEndpoint(inside),
    ...topologyEndpoints(inside),
  ];
}
