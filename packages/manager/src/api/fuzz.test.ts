/** Whatever is sent, the answer is one that the caller can understand: never a fault of the manager. */

import { kinds, parametersOf, resourceOf } from '@openvnet/model';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { registerNetwork, testManager } from '../testing.ts';

const manager = await testManager();
await registerNetwork(manager);
afterAll(() => manager.close());

const names = [
  ...new Set(kinds.flatMap((kind) => parametersOf(resourceOf(kind)).map(([name]) => name))),
  'uuid',
  'limit',
  'offset',
  'wait',
  'revision',
  'format',
  '__proto__',
  'constructor',
];
const uuid = fc.constantFrom(
  'dp-br0',
  'nw-net1',
  'if-veth1',
  'if-veth2',
  'if-gw',
  'if-x',
  'r-a',
  'rl-a',
  'ns-a',
  'ml-a',
  'il-a',
);
const value = fc.oneof(
  uuid,
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.ipV4(),
  fc.constantFrom(
    '172.16.1.9',
    '172.16.1.0/24',
    '52:54:00:00:00:09',
    'simulated',
    'vif',
    'host',
    'dhcp',
    '0x1',
    'yes',
    '',
  ),
  fc.integer().map(String),
);
const anything = fc.oneof(
  value,
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.array(value),
  fc.jsonValue(),
);
const form = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 6 });
const body = fc.oneof(
  form.map((given) => ({
    type: 'application/x-www-form-urlencoded',
    payload: Buffer.from(new URLSearchParams(given).toString()),
  })),
  fc.dictionary(fc.constantFrom(...names), anything, { maxKeys: 6 }).map((given) => ({
    type: 'application/json',
    payload: Buffer.from(JSON.stringify(given)),
  })),
  fc.record({
    type: fc.constantFrom('application/json', 'text/yaml', 'application/x-www-form-urlencoded', 'text/plain', 'x', ''),
    payload: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  }),
);
const segment = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom(...kinds.map((kind) => resourceOf(kind).plural), 'ports', 'status', 'attach', 'release'),
  },
  { weight: 5, arbitrary: uuid },
  {
    weight: 1,
    arbitrary: fc.string({ unit: 'binary', maxLength: 40 }).map((text) => encodeURIComponent(text.toWellFormed())),
  },
  { weight: 1, arbitrary: fc.constantFrom('%', '%ff', '..', '.', 'x.yml', '') },
);
const ordinaryPath = fc
  .tuple(fc.constantFrom(...kinds.map((kind) => resourceOf(kind).plural)), fc.array(segment, { maxLength: 3 }))
  .map(([first, others]) => [first, ...others].join('/'));
const query = fc.oneof(
  form.map((given) => new URLSearchParams(given).toString()),
  fc.string({ unit: fc.constantFrom('a', '=', '&', '%', 'f', '+', '?', ';'), maxLength: 20 }),
);

it('never answers with a fault of its own', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD'),
      fc.oneof(
        ordinaryPath,
        fc.array(segment, { maxLength: 5 }).map((all) => all.join('/')),
      ),
      query,
      fc.option(body, { nil: undefined }),
      async (method, path, query, body) => {
        // Nobody waits here.
        const url = `/api/${path}?${query.replace(/wait=[^&]*/g, 'wait=0')}`;
        const answer = await manager.app.inject({
          method: method as 'GET',
          url,
          ...(body && {
            payload: Buffer.from(body.payload.toString('latin1').replace(/"wait"|wait=/g, 'x'), 'latin1'),
            headers: { 'content-type': body.type },
          }),
        });
        expect(answer.statusCode).toBeLessThan(500);
        if (method === 'HEAD' || answer.statusCode === 200 || !String(answer.headers['content-type']).includes('json'))
          return;
        const { hint = 'none', ...refusal } = answer.json();
        expect(hint).toMatch(/./);
        expect(refusal).toEqual({
          error: expect.stringMatching(/^Vnet::Endpoints::Errors::\w+$/),
          message: expect.stringMatching(/./),
          code: expect.stringMatching(/^\d{3}$/),
        });
      },
    ),
    { numRuns: 3000 },
  );
}, 120_000);
