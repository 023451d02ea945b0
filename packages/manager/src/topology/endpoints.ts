import { boolean } from '@openvnet/model';
import type { Endpoint, Parameter } from '../api/endpoint.ts';
import { readParameters } from '../api/parameters.ts';
import type { Context } from '../api/resource-endpoints.ts';
import { applyTopology } from './apply.ts';
import { exportTopology } from './export.ts';
import { routerEndpoint } from './router.ts';

const parameters: readonly Parameter[] = [
  { name: 'dry_run', field: boolean({ default: false, doc: 'Only show the changes.' }), required: false },
  {
    name: 'delete',
    field: boolean({ default: false, doc: 'Delete objects that the topology does not contain.' }),
    required: false,
  },
  {
    name: 'replace',
    field: boolean({
      default: false,
      doc: 'Replace objects if a field differs that cannot be changed, together with the objects that refer to them. A dry run always shows them.',
    }),
    required: false,
  },
];

/** More than one object at once: `GET /export`, `POST /apply` and `POST /routers`. */
export function topologyEndpoints(context: Context): Endpoint[] {
  return [
    {
      method: 'GET',
      path: '/export',
      large: true,
      doc: 'Shows all objects as one topology, in the form that `POST /apply` accepts.',
      group: 'topology',
      parameters: [],
      answer: { shape: 'object' },
      handle: () => context.store.read(exportTopology),
    },
    {
      method: 'POST',
      path: '/apply',
      doc: 'Changes the registered objects to match a topology, in one transaction. The body has a list of objects for each resource, as `GET /export` answers.',
      group: 'topology',
      parameters,
      answer: { shape: 'object' },
      alsoTakes: 'anything',
      bodyLimit: 64 << 20,
      handle: async (call) => {
        const { dry_run: _, delete: __, replace: ___, ...topology } = call.given;
        const given = readParameters(parameters, call.given);
        const options = {
          dryRun: given.dry_run === true,
          remove: given.delete === true,
          replace: given.replace === true,
          by: call.by,
        };
        const { revision, ...answer } = await applyTopology(context, topology, options);
        if (answer.applied) call.wrote(revision);
        return answer;
      },
    },
    routerEndpoint(context),
  ];
}
