import { kinds, resourceOf } from '@openvnet/model';
import type { Store } from '@openvnet/store';
import { insideEndpoints } from '../inside/endpoints.ts';
import type { Agents } from '../status/agents.ts';
import type { Reports } from '../status/reports.ts';
import type { Endpoint } from './endpoint.ts';
import { nestedEndpoints } from './nested-endpoints.ts';
import { resourceEndpoints } from './resource-endpoints.ts';

/** Everything that the API offers: the operations of each resource, as its declaration and its behaviour say. */
export function endpointsOf(store: Store, reports: Reports, agents: Agents): Endpoint[] {
  const status: Endpoint = {
    method: 'GET',
    path: '/status',
    doc: 'The state of manager, agents and datapaths, and everything that is registered and not in effect.',
    group: 'status',
    parameters: [],
    answer: { shape: 'object' },
    handle: () => reports.everything(),
  };
  const endpoints = kinds.flatMap((kind) => {
    const { nested } = resourceOf(kind);
    return nested ? nestedEndpoints(kind, nested, store) : resourceEndpoints(kind, store, reports);
  });
  return [...endpoints, status, ...insideEndpoints({ store, reports, agents })];
}
