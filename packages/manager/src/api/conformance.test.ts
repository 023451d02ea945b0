/**
 * What holds for every resource, asked of each from its declaration alone: a new resource is tested by being declared.
 */
import { fieldsOf, kinds, parametersOf, resourceOf } from '@openvnet/model';
import { afterAll, describe, expect, it } from 'vitest';
import { testManager } from '../testing.ts';
import { badOf, type Form, modelOf, refusal, samplesFor } from './testing-samples.ts';

const manager = await testManager();
const { call, done } = manager;
afterAll(() => manager.close());

const { fresh, formFor, sampleOf } = samplesFor(manager);

const own = kinds.filter((kind) => !resourceOf(kind).nested);

describe.each(own)('%s', (kind) => {
  const { plural, idPrefix, model, housekeeping, emptyChange } = resourceOf(kind);
  const path = `/${plural}`;
  const parameters = parametersOf(resourceOf(kind));

  it('is made, shown, listed and removed', async () => {
    const before = (await done('GET', path)).total_count;
    const form: Form = { ...(await formFor(kind)), uuid: `${idPrefix}-made${fresh()}` };
    const record = await done('POST', path, form);
    expect(record.uuid).toBe(form.uuid);
    if (housekeeping !== false)
      expect(record).toMatchObject({ id: expect.any(Number), deleted_at: null, is_deleted: 0 });
    expect(record.created_at).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
    for (const [name, field] of fieldsOf(resourceOf(kind))) {
      if (form[name] === undefined || field.type === 'boolean' || field.type === 'integer') continue;
      if (field.type === 'dpid') expect(record[name]).toBe(wholeDpid(form[name]!));
      else if (field.show?.includes('uuid') !== false) expect(record[name]).toBe(form[name]);
    }
    const { status, ...shown } = await done('GET', `${path}/${form.uuid}`);
    expect(shown).toEqual(record);
    expect(status).toMatchObject({ realised: false, on: [], notes: expect.any(Array) });
    const list = await done('GET', `${path}?limit=1&offset=${before}`);
    expect(list).toEqual({ total_count: before + 1, offset: before, limit: 1, items: [record] });
    expect(await done('DELETE', `${path}/${form.uuid}`)).toEqual([form.uuid]);
    const gone = await call('GET', `${path}/${form.uuid}`);
    expect(gone).toMatchObject({ status: 404, body: { code: '100' } });
    expect((await done('POST', path, form)).uuid).toBe(form.uuid);
  });

  it('is given a uuid, with revisions that grow', async () => {
    const [first, second] = [
      await call('POST', path, await formFor(kind)),
      await call('POST', path, await formFor(kind)),
    ];
    expect(first.body.uuid).toMatch(new RegExp(`^${idPrefix}-[a-z0-9]{8}$`));
    expect(Number(second.headers['x-openvnet-revision'])).toBeGreaterThan(Number(first.headers['x-openvnet-revision']));
  });

  it('says which parameter is missing, the first in order', async () => {
    const form = await formFor(kind);
    for (const name of Object.keys(form)) {
      const { [name]: _, ...others } = form;
      expect(await call('POST', path, others)).toMatchObject({
        status: 400,
        body: refusal('MissingArgument', name, '111'),
      });
    }
    const [first] = Object.keys(form);
    if (first) expect(await call('POST', path, {})).toMatchObject({ status: 400, body: { message: first } });
  });

  it.each(parameters)('refuses what the parameter %s cannot be', async (name, field) => {
    const form = await formFor(kind);
    if (field.to) {
      const prefix = resourceOf(field.to).idPrefix;
      for (const bad of [
        '',
        'x',
        `${prefix}_a`,
        `${prefix}-A`,
        `${prefix}-`,
        `${prefix}-${'a'.repeat(64)}`,
        'zz-abc',
      ]) {
        const { status, body } = await call('POST', path, { ...form, [name]: bad });
        expect([status, body.code]).toEqual([400, '101']);
        expect(body.message).toMatch(new RegExp(`^${modelOf(field.to)}#uuid: ${bad}$`));
      }
      const { status, body } = await call('POST', path, { ...form, [name]: `${prefix}-nowhere` });
      expect([status, body.code]).toEqual([404, '100']);
      expect(body.message).toMatch(new RegExp(`^${modelOf(field.to)}#${name}: ${prefix}-nowhere$`));
    } else {
      for (const bad of badOf[field.type as keyof typeof badOf]) {
        const answer = await call('POST', path, { ...form, [name]: bad });
        expect(answer).toMatchObject({ status: 400, body: { code: '110' } });
        expect(answer.body.hint).toMatch(new RegExp(`^${name}: expected `));
        expect(answer.body.message).not.toContain('expected');
      }
    }
  });

  it('refuses a uuid that is taken, malformed or of another kind', async () => {
    const form = { ...(await formFor(kind)), uuid: `${idPrefix}-twice${fresh()}` };
    await done('POST', path, form);
    const again = { ...(await formFor(kind)), uuid: form.uuid };
    expect(await call('POST', path, again)).toMatchObject({
      status: 400,
      body: refusal('DuplicateUUID', form.uuid, '102'),
    });
    const long = 'a'.repeat(64);
    for (const uuid of ['', 'abc', `${idPrefix}-A`, `${idPrefix}-a-`, `${idPrefix}-${long}`, `q-${idPrefix}`]) {
      const { status, body } = await call('POST', path, { ...(await formFor(kind)), uuid });
      expect([status, body.code]).toEqual([400, '101']);
      expect(body.message).toMatch(new RegExp(`^${model}#uuid: ${uuid}`));
    }
  });

  it('is looked for by a loose uuid in paths', async () => {
    for (const [uuid, status] of [
      ['xx', 400],
      [`${idPrefix}_one`, 400],
      ['zz-one', 400],
      [`${idPrefix}-one-two`, 404],
      [`${idPrefix}-${'a'.repeat(30)}`, 404],
    ] as const) {
      for (const method of ['GET', 'DELETE'] as const) {
        const answer = await call(method, `${path}/${uuid}`);
        expect(answer.status).toBe(status);
        expect(answer.body.message).toMatch(new RegExp(`^${model}#uuid: ${uuid}`));
      }
    }
  });

  it('changes what may change, and nothing else', async () => {
    const open = fieldsOf(resourceOf(kind)).filter(([, field]) => !field.immutable);
    const made = await done('POST', path, await formFor(kind));
    const url = `${path}/${made.uuid}`;
    if (open.length === 0 && !emptyChange) {
      expect((await call('PUT', url, { a: '1' })).status).toBe(404);
      return;
    }
    expect(await done('PUT', url)).toEqual(made);
    const all = Object.fromEntries(
      parameters
        .filter(([name, field]) => !field.to && !resourceOf(kind).changes?.includes(name))
        .map(([name, field]) => [name, sampleOf(field)]),
    );
    const changed = await done('PUT', url, { ...all, uuid: `${idPrefix}-other`, id: '77', foo: 'bar' });
    expect(changed).toMatchObject({ uuid: made.uuid });
    for (const [name, field] of fieldsOf(resourceOf(kind))) {
      if (field.to) continue;
      if (field.immutable) expect(changed[name]).toEqual(made[name]);
      else if (field.type === 'dpid') expect(changed[name]).toBe(wholeDpid(all[name]!));
      else expect(String(changed[name])).toBe(field.type === 'boolean' ? 'true' : all[name]);
    }
    expect((await call('PUT', `${path}/${idPrefix}-nowhere`, {})).status).toBe(404);
  });

  it('answers in YAML, and under /api alone', async () => {
    const { uuid } = await done('POST', path, await formFor(kind));
    for (const url of [`/api/1.0${path}/${uuid}.yml`, `/api${path}/${uuid}.yml`]) {
      const answer = await call('GET', url);
      expect(answer.headers['content-type']).toBe('text/yaml;charset=utf-8');
      expect(answer.body).toContain(`uuid: ${uuid}\n`);
    }
    expect(await done('GET', `/api${path}/${uuid}.json`)).toEqual(await done('GET', `${path}/${uuid}`));
    expect((await done('GET', `${path}/${uuid}.xml`)).uuid).toBe(uuid);
    expect(await call('GET', `${path}/`)).toMatchObject({ status: 404, body: '<h1>Not Found</h1>' });
  });

  it('refuses pages that are none', async () => {
    for (const query of ['limit=-1', 'limit=all', 'offset=', 'offset=-1', 'limit=10001', 'limit=1e3']) {
      expect(await call('GET', `${path}?${query}`)).toMatchObject({ status: 400, body: { code: '110' } });
    }
    expect(await done('GET', `${path}?limit=0`)).toMatchObject({ limit: 0, items: [] });
    expect(await done('GET', path)).toMatchObject({ limit: 30, offset: 0 });
  });
});

it('describes every operation once, for people and for programs', async () => {
  const listed = await done('GET', '/api/browse?format=json');
  const described = await done('GET', '/openapi.json');
  const operations = Object.values(described.paths as Record<string, object>).flatMap((one) => Object.keys(one));
  // What the original has not is described for programs alone.
  const added = Object.keys(described.paths).filter((path) =>
    /status$|^\/(export|apply|flows|trace|explain)$/.test(path),
  );
  expect(listed.length).toBeLessThanOrEqual(operations.length - added.length);
  expect(listed.length).toBeGreaterThan(150);
  expect(listed.find(({ route }: { route: string }) => route === 'POST  /network_services')).toEqual({
    route: 'POST  /network_services',
    description: 'Creates a network service.',
    parameters: expect.arrayContaining([
      { name: 'uuid', type: 'String', required: false, description: expect.any(String) },
      { name: 'mode', type: 'String', required: true, in: ['dhcp', 'dns', 'router'], description: expect.any(String) },
      { name: 'incoming_port', type: 'Integer', required: false, description: expect.any(String) },
    ]),
  });
  expect((await call('GET', '/browse?format=yml')).body).toMatch(/^---\n- :route: GET {2}\/\w+\n/);
  const names = Object.values(described.paths as Record<string, Record<string, { operationId: string }>>).flatMap(
    (one) => Object.values(one).map(({ operationId }) => operationId),
  );
  expect(new Set(names).size).toBe(names.length);
  for (const [format, type] of [
    ['html', 'text/html'],
    ['yaml', 'text/yaml'],
    ['yml', 'text/yaml'],
  ]) {
    expect((await call('GET', `/browse?format=${format}`)).headers['content-type']).toContain(type);
  }
  expect(await call('GET', '/browse?format=pdf')).toMatchObject({ status: 400, body: { code: '110' } });
  const page = await manager.app.inject('/api/1.0/docs/');
  expect([page.statusCode, page.headers['content-type']]).toEqual([200, expect.stringContaining('text/html')]);
  expect((await manager.app.inject('/api/1.0/docs/static/swagger-ui.css')).statusCode).toBe(200);
  expect(page.headers).toMatchObject({ 'x-request-id': expect.any(String), 'x-content-type-options': 'nosniff' });
  const shown = await manager.app.inject('/api/1.0/docs/json');
  expect(shown.json()).toEqual((await call('GET', '/openapi')).body);
  expect(await manager.app.inject('/api/1.0/docs/static/none.js')).toMatchObject({
    statusCode: 404,
    body: '<h1>Not Found</h1>',
  });
});

/** A datapath id as answers show it. */
function wholeDpid(given: string): string {
  return `0x${given.padStart(16, '0')}`;
}
