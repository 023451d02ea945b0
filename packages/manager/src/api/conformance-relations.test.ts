/** What holds for every relation, association, list and part of objects, asked of each from its declaration alone. */
import { type Kind, kinds, type Nested, otherField, type Resource, resourceOf } from '@openvnet/model';
import { afterAll, describe, expect, it } from 'vitest';
import { testManager } from '../testing.ts';
import { type Form, modelOf, refusal, samplesFor } from './testing-samples.ts';

const manager = await testManager();
const { call, done } = manager;
afterAll(() => manager.close());

const { fresh, formFor, made } = samplesFor(manager);

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

const freshMac = () => `52:54:01:00:${String(fresh()).padStart(4, '0').replace(/..$/, ':$&')}`;
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
    const uuid = `${idPrefix}-part${fresh()}`;
    const record = await done('POST', path!, { ...(await formFor(kind)), uuid });
    expect(record).toMatchObject({ uuid, id: expect.any(Number), [`${nested.of}_id`]: expect.any(Number) });
    const again = await call('POST', elsewhere!, { ...(await formFor(kind)), uuid });
    expect(again).toMatchObject({ status: 400, body: refusal('DuplicateUUID', uuid, '102') });
    expect((await done('GET', path!)).items).toEqual([record]);
    expect(await call('DELETE', `${elsewhere}/${uuid}`)).toMatchObject({ status: 404, body: { message: uuid } });
    expect(await done('DELETE', `${path}/${uuid}`)).toEqual([uuid]);
    expect((await call('DELETE', `${path}/${uuid}`)).status).toBe(404);
    for (const name of Object.keys(await formFor(kind))) {
      const others = { ...(await formFor(kind)), uuid } as Form;
      delete others[name];
      expect(await call('POST', path!, others)).toMatchObject({ body: refusal('MissingArgument', name, '111') });
    }
  });
});
