/**
 * What holds for every resource, asked of each from its declaration alone: a new resource is tested by being declared.
 */
import {
  type Field,
  fieldsOf,
  type Kind,
  kinds,
  type Nested,
  otherField,
  parametersOf,
  parentField,
  type Resource,
  resourceOf,
} from '@openvnet/model';
import { afterAll, describe, expect, it } from 'vitest';
import { testManager } from '../testing.ts';

const manager = await testManager();
const { call, done } = manager;
afterAll(() => manager.close());

type Form = Record<string, string>;
let serial = 1;

/** Values that are good for a field, each time another one. */
function sampleOf(field: Field): string {
  const n = serial++;
  const samples: Record<Exclude<Field['type'], 'reference'>, string> = {
    text: `text ${n} ä`,
    integer: ['16', '1400'].find((number) => field.read(number) !== undefined) ?? '',
    boolean: 'yes',
    ipv4: `10.0.${n >> 8}.${n & 255}`,
    mac: `52:54:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`,
    ipv4List: `10.0.${n >> 8}.${n & 255},10.1.1.1`,
    time: '2026-01-31 12:00:00 UTC',
    dpid: n.toString(16),
    enum: field.values?.[0] ?? '',
  };
  return samples[field.type as keyof typeof samples];
}

const badOf: Record<Exclude<Field['type'], 'reference'>, string[]> = {
  text: ['x'.repeat(256), 'a\0b'],
  integer: ['', 'many', '1.5', '99999999999999999999', '-1'],
  boolean: ['', 'perhaps'],
  ipv4: ['', '10.0.0', '010.0.0.1', '10.0.0.256', 'here'],
  mac: ['', '52:54:00', 'zz:54:00:00:00:01', '52:54:00:00:00:01:02'],
  ipv4List: ['10.0.0', 'here', '10.0.0.1,'],
  time: ['', 'soon'],
  dpid: ['', '0x', 'bridge', '00000000000000001'],
  enum: ['', 'sideways'],
};

const network = { ipv4_network: '10.0.0.0', ipv4_prefix: '16' };

/** A form that makes an object, with all that is required; makes what it refers to. */
async function formFor(kind: Kind): Promise<Form> {
  const form: Form = {};
  for (const [name, field] of fieldsOf(resourceOf(kind))) {
    const { nested } = resourceOf(kind);
    if (field.optional || (nested && [parentField(nested), otherField(nested)].includes(name))) continue;
    form[name] = field.to ? (await made(field.to as Kind)).uuid : sampleOf(field);
  }
  return { ...form, ...(await peculiar[kind]?.()) };
}

/** What rules across objects ask of a form. */
const peculiar: { readonly [K in Kind]?: () => Promise<Form> } = {
  dns_service: async () => ({
    network_service_uuid: (await done('POST', '/network_services', { mode: 'dns' })).uuid,
  }),
};

async function made(kind: Kind): Promise<{ uuid: string }> {
  return done('POST', `/${resourceOf(kind).plural}`, kind === 'network' ? network : await formFor(kind));
}

const own = kinds.filter((kind) => !resourceOf(kind).nested);
const modelOf = (kind: string) => resourceOf(kind).model;
const error = (name: string, message: string, code: string) => ({
  error: `Vnet::Endpoints::Errors::${name}`,
  message,
  code,
});

describe.each(own)('%s', (kind) => {
  const { plural, idPrefix, model, housekeeping, emptyChange } = resourceOf(kind);
  const path = `/${plural}`;
  const parameters = parametersOf(resourceOf(kind));

  it('is made, shown, listed and removed', async () => {
    const before = (await done('GET', path)).total_count;
    const form: Form = { ...(await formFor(kind)), uuid: `${idPrefix}-made${serial}` };
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
        body: error('MissingArgument', name, '111'),
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
    const form = { ...(await formFor(kind)), uuid: `${idPrefix}-twice${serial}` };
    await done('POST', path, form);
    const again = { ...(await formFor(kind)), uuid: form.uuid };
    expect(await call('POST', path, again)).toMatchObject({
      status: 400,
      body: error('DuplicateUUID', form.uuid, '102'),
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

const relations = kinds.filter((kind) => resourceOf(kind).nested?.with);
const operationsOf = (kind: Kind) => resourceOf(kind).nested!.operations ?? 'add';

/** Two objects that may be related, and the path of their relations. */
async function pairFor(kind: Kind) {
  const nested = resourceOf(kind).nested!;
  const [of, other] = [nested.of as Kind, nested.with as Kind];
  const [one, two] = [await made(of), await made(other)];
  return {
    one,
    two,
    path: `/${resourceOf(of).plural}/${one.uuid}/${nested.name}`,
    ...(await prepared[kind]?.(one, two)),
  };
}

const freshMac = () => `52:54:01:00:${String(serial++).padStart(4, '0').replace(/..$/, ':$&')}`;
type Named = { uuid: string };
/** What must be there before the two can be related, and what the request must name. */
const prepared: { readonly [K in Kind]?: (one: Named, two: Named) => Promise<{ more?: Form }> } = {
  lease_policy_interface: async (one, two) => {
    const group = await done('POST', '/ip_range_groups');
    const range = { begin_ipv4_address: '10.0.0.1', end_ipv4_address: '10.0.255.254' };
    await done('POST', `/ip_range_groups/${group.uuid}/ip_ranges`, range);
    const { uuid } = await made('network');
    await done('POST', `/lease_policies/${one.uuid}/networks/${uuid}`, { ip_range_group_uuid: group.uuid });
    await done('POST', '/mac_leases', { interface_uuid: two.uuid, mac_address: freshMac() });
    return {};
  },
  topology_datapath: async (_one, two) => {
    const { uuid: network_uuid } = await made('network');
    const addresses = { network_uuid, ipv4_address: '10.0.0.1', mac_address: freshMac() };
    const host = await done('POST', '/interfaces', { mode: 'host', owner_datapath_uuid: two.uuid, ...addresses });
    return { more: { interface_uuid: host.uuid } };
  },
};

describe.each(relations.filter((kind) => operationsOf(kind) === 'add'))('the relation %s', (kind) => {
  const { nested, unique } = resourceOf(kind) as Resource & { nested: Nested };
  const [of, other] = [nested.of as Kind, nested.with as Kind];
  const otherName = otherField(nested);

  it('is made, listed, and ended', async () => {
    const { one, two, path, more } = await pairFor(kind);
    const { status: _, ...shown } = await done('GET', `/${resourceOf(other).plural}/${two.uuid}`);
    const answer = { parent: { uuid: one.uuid }, other: { uuid: two.uuid } }[nested.answers ?? ('none' as 'parent')];
    const record = await done('POST', `${path}/${two.uuid}`, { ...(await formFor(kind)), ...more });
    expect(record).toMatchObject(answer ?? { id: expect.any(Number), is_deleted: 0 });
    const again = await call('POST', `${path}/${two.uuid}`, { ...(await formFor(kind)), ...more });
    if (unique) {
      expect(again).toMatchObject({ status: 400, body: { code: '112', message: `${one.uuid} <=> ${two.uuid}` } });
    } else expect(again.status).toBe(200);
    const { items, total_count } = await done('GET', path);
    expect(total_count).toBe(unique ? 1 : 2);
    if (nested.lists === 'relations') expect(items).toEqual([record]);
    else expect(items[0]).toMatchObject({ uuid: two.uuid, id: shown.id });
    if (!unique) await done('DELETE', `${path}/${two.uuid}`);
    expect(await done('DELETE', `${path}/${two.uuid}`)).toMatchObject(answer ?? [two.uuid]);
    const nothing = await call('DELETE', `${path}/${two.uuid}`);
    if (nested.answers === 'other') expect(nothing).toMatchObject({ status: 404, body: { code: '100' } });
    else expect(nothing).toMatchObject({ status: 200, body: answer ?? [two.uuid] });
    expect(await done('GET', path)).toMatchObject({ total_count: 0, items: [] });
  });

  it('says which of the two is not there', async () => {
    const { one, two, path } = await pairFor(kind);
    const parents = `/${resourceOf(of).plural}`;
    const [a, b] = [resourceOf(of).idPrefix, resourceOf(other).idPrefix];
    const form = await formFor(kind);
    for (const method of ['POST', 'DELETE'] as const) {
      const noParent = await call(method, `${parents}/${a}-nowhere/${nested.name}/${two.uuid}`, form);
      expect(noParent).toMatchObject({ status: 404, body: { code: '100' } });
      expect(noParent.body.message).toMatch(new RegExp(`^${modelOf(of)}#uuid: ${a}-nowhere`));
      const noOther = await call(method, `${path}/${b}-nowhere`, form);
      expect(noOther).toMatchObject({ status: 404, body: { code: '100' } });
      expect(noOther.body.message).toMatch(new RegExp(`^${modelOf(other)}#${otherName}: ${b}-nowhere`));
      expect(await call(method, `${path}/zz`, form)).toMatchObject({ status: 400, body: { code: '101' } });
    }
    expect(one.uuid).toContain(`${a}-`);
    expect((await call('GET', `${parents}/${a}-nowhere/${nested.name}`)).status).toBe(404);
  });
});

describe.each(relations.filter((kind) => operationsOf(kind) === 'set'))('the association %s', (kind) => {
  it('is there while that is asked for', async () => {
    const { two, path } = await pairFor(kind);
    const url = `${path}/${two.uuid}`;
    expect(await done('GET', path)).toMatchObject({ total_count: 0, items: [] });
    expect(await call('PUT', url, { static: 'no' })).toMatchObject({ status: 400, body: { code: '110' } });
    expect(await done('PUT', url)).toEqual({});
    const record = await done('PUT', url, { static: 'yes' });
    expect(record).toMatchObject({ static: true, deleted_at: null });
    expect(await done('PUT', url, { static: 'yes' })).toEqual(record);
    expect((await done('GET', path)).items).toEqual([record]);
    const gone = await done('PUT', url, { static: 'no' });
    expect(gone).toMatchObject({ id: record.id, static: false, is_deleted: record.id });
    expect(gone.deleted_at).toMatch(/ UTC$/);
    expect((await done('GET', path)).items).toEqual([]);
    expect(await call('PUT', `${path}/zz`, { static: 'yes' })).toMatchObject({ status: 400, body: { code: '101' } });
    const prefix = resourceOf(resourceOf(kind).nested!.with!).idPrefix;
    expect((await call('PUT', `${path}/${prefix}-nowhere`, { static: 'yes' })).status).toBe(404);
  });
});

describe.each(kinds.filter((kind) => resourceOf(kind).nested?.operations === 'list'))('the list %s', (kind) => {
  it('is of one object', async () => {
    const nested = resourceOf(kind).nested!;
    const { uuid } = await made(nested.of as Kind);
    const parents = `/${resourceOf(nested.of).plural}`;
    expect(await done('GET', `${parents}/${uuid}/${nested.name}?limit=5`)).toEqual({
      total_count: 0,
      offset: 0,
      limit: 5,
      items: [],
    });
    expect((await call('GET', `${parents}/${resourceOf(nested.of).idPrefix}-nowhere/${nested.name}`)).status).toBe(404);
    expect((await call('POST', `${parents}/${uuid}/${nested.name}`)).status).toBe(404);
  });
});

describe.each(
  kinds.filter((kind) => resourceOf(kind).nested && !resourceOf(kind).nested?.with && resourceOf(kind).idPrefix),
)('the part %s', (kind) => {
  it('is made, listed and removed', async () => {
    const nested = resourceOf(kind).nested!;
    const { idPrefix } = resourceOf(kind);
    const [one, two] = [await made(nested.of as Kind), await made(nested.of as Kind)];
    const [path, elsewhere] = [one, two].map(({ uuid }) => `/${resourceOf(nested.of).plural}/${uuid}/${nested.name}`);
    const uuid = `${idPrefix}-part${serial}`;
    const record = await done('POST', path!, { ...(await formFor(kind)), uuid });
    expect(record).toMatchObject({ uuid, id: expect.any(Number), [`${nested.of}_id`]: expect.any(Number) });
    const again = await call('POST', elsewhere!, { ...(await formFor(kind)), uuid });
    expect(again).toMatchObject({ status: 400, body: error('DuplicateUUID', uuid, '102') });
    expect((await done('GET', path!)).items).toEqual([record]);
    expect(await call('DELETE', `${elsewhere}/${uuid}`)).toMatchObject({ status: 404, body: { message: uuid } });
    expect(await done('DELETE', `${path}/${uuid}`)).toEqual([uuid]);
    expect((await call('DELETE', `${path}/${uuid}`)).status).toBe(404);
    for (const name of Object.keys(await formFor(kind))) {
      const others = { ...(await formFor(kind)), uuid } as Form;
      delete others[name];
      expect(await call('POST', path!, others)).toMatchObject({ body: error('MissingArgument', name, '111') });
    }
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
});

/** A datapath id as answers show it. */
function wholeDpid(given: string): string {
  return `0x${given.padStart(16, '0')}`;
}
