import type { Endpoint } from '../api/endpoint.ts';
import { topologyEndpoints } from '../topology/endpoints.ts';
import { adoptEndpoint } from './adopt.ts';
import { eventsEndpoint } from './events.ts';
import { explainEndpoint } from './explain.ts';
import { flowsEndpoint } from './flows.ts';
import { hostsEndpoint } from './hosts.ts';
import type { Inside } from './inside.ts';
import { traceEndpoint } from './trace.ts';

/** What can be asked of the whole, beside its objects one by one. */
export function insideEndpoints(inside: Inside): Endpoint[] {
  return [
    adoptEndpoint(inside),
    hostsEndpoint(inside),
    flowsEndpoint(inside),
    traceEndpoint(inside),
    explainEndpoint(inside),
    eventsEndpoint(inside),
    ...topologyEndpoints(inside),
  ];
}
