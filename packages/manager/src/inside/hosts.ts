import type { Endpoint } from '../api/endpoint.ts';
import type { Inside } from './inside.ts';

/** `GET /hosts`: the hosts, as their agents have reported them. */
export function hostsEndpoint({ reports }: Pick<Inside, 'reports'>): Endpoint {
  return {
    method: 'GET',
    path: '/hosts',
    doc: 'Lists the hosts: health, version, revision, bridges, ports, flows and tunnel address of each.',
    group: 'inside',
    parameters: [],
    answer: { shape: 'object' },
    handle: () => reports.hosts(),
  };
}
