import { boolean, integer } from '@openvnet/model';
import type { Given, Parameter } from './endpoint.ts';
import { readParameters } from './parameters.ts';

/** Which part of a list is wanted. */
export const pageParameters: readonly Parameter[] = [
  {
    name: 'offset',
    field: integer({ min: 0, max: 1_000_000_000, default: 0, doc: 'Skip this many at the beginning.' }),
    required: false,
  },
  {
    name: 'limit',
    field: integer({ min: 0, max: 10_000, default: 30, doc: 'List at most this many.' }),
    required: false,
  },
];

/** Whether each object of a list comes with its status. */
export const statusParameter: Parameter = {
  name: 'status',
  field: boolean({ default: false, doc: 'Whether to include the status of each object.' }),
  required: false,
};

/** How long to wait for what. */
export const waitParameters: readonly Parameter[] = [
  {
    name: 'wait',
    field: integer({
      min: 0,
      max: 60,
      unit: 'seconds',
      default: 0,
      doc: 'How long to wait until the object is in effect.',
    }),
    required: false,
  },
  {
    name: 'revision',
    field: integer({
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      default: 0,
      doc: 'A revision that must be in effect as well: the `X-OpenVNet-Revision` of the answer to a change.',
    }),
    required: false,
  },
];

export function pageOf(given: Given): { offset: number; limit: number } {
  return { offset: 0, limit: 30, ...readParameters(pageParameters, given) };
}
