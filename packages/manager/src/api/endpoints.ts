import { kinds, resourceOf } from '@openvnet/model';
import { behaviourOf } from '../behaviours/registry.ts';
import { insideEndpoints } from '../inside/endpoints.ts';
import type { Agents } from '../status/agents.ts';
import type { Reports } from '../status/reports.ts';
import type { Endpoint } from './endpoint.ts';
import { nestedEndpoints } from './nested-endpoints.ts';
import { type Context, resourceEndpoints } from './resource-endpoints.ts';

/** Everything that the API offers: the operations of each resource, as its declaration and its behaviour say. */
export function endpointsOf(context: Context, reports: Reports, agents: Agents): Endpoint[] {
  const status: Endpoint = {
    method: 'GET',
    path: '/status',
    doc: 'Shows the state of manager, agents and datapaths, and the objects that are not in effect.',
    group: 'status',
    parameters: [],
    answer: { shape: 'object' },
    handle: () => reports.everything(),
  };
  const inside = insideEndpoints({ ...context, reports, agents });
  const endpoints = kinds.flatMap((kind) => {
    const { nested } = resourceOf(kind);
    const ordinary = nested ? nestedEndpoints(kind, nested, context) : resourceEndpoints(kind, context, reports);
    const own = behaviourOf(kind).endpoints?.(context.store) ?? [];
    const replaced = new Set([...own, ...inside].map(({ method, path }) => `${method} ${path}`));
    return [...ordinary.filter(({ method, path }) => !replaced.has(`${method} ${path}`)), ...own];
  });
  return [...endpoints, status, ...inside];
}
