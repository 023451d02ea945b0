import { decidedBy } from '@openvnet/compiler';
import { fieldsOf, type Resource, resourceOf, resources, topKinds } from '@openvnet/model';
import { decodeFlow } from '@openvnet/openflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { added, arrivals, fromNothing, type Host, textOf, until } from '../testing/host.ts';
import { type Form, liveChanges, type Scene, through } from '../testing/live-changes.ts';
import { populated, station } from '../testing/populated.ts';

let host: Host;
const on = {} as Scene;
beforeAll(async () => {
  Object.assign(on, await populated());
  ({ host } = on);
}, 30_000);
afterAll(() => host?.[Symbol.asyncDispose]());

const cases = liveChanges(on);

/** Each flow, with the feature that made it and the object that it is of. */
async function namedNow(): Promise<Map<string, string>> {
  const { relations } = host.served!.compiler;
  return new Map(
    (await host.flows()).map((flow) => {
      const { feature, object_uuid, interface_uuid } = decidedBy(relations, decodeFlow(flow));
      return [textOf(flow), [feature, interface_uuid ?? object_uuid].filter(Boolean).join(' ')];
    }),
  );
}

/** Whose flows are in one and not in the other. */
function differing(a: Map<string, string>, b: Map<string, string>): string[] {
  const only = (x: Map<string, string>, y: Map<string, string>) => [...x].filter(([text]) => !y.has(text));
  return [...new Set([...only(a, b), ...only(b, a)].map(([, name]) => name))].sort();
}

async function change(path: string, form: Form): Promise<void> {
  await host.api('PUT', path, form);
  await host.settled({ complete: false });
}

describe('a change of a live object', () => {
  it('is tried for every field that the API takes', async () => {
    const { paths } = await host.api('GET', '/openapi');
    const offered = Object.entries(paths as Record<string, { put?: Operation }>).flatMap(([path, { put }]) => {
      const name = path.replace('/api/1.0/', '').replace(/\/\{\w+\}/g, '');
      if (!put) return [];
      const fields = Object.keys(put.requestBody?.content['application/json'].schema.properties ?? {});
      return fields.length === 0 ? [name] : fields.map((field) => `${name}.${field}`);
    });
    expect([...Object.keys(cases), ...elsewhere].sort()).toEqual(offered.sort());
    const declared = Object.values(resources).flatMap((resource) => {
      const { nested, plural } = resource as Resource;
      if (nested && nested.operations !== 'set') return [];
      const name = nested ? `${resourceOf(nested.of).plural}/${nested.name}` : plural;
      return fieldsOf(resource).flatMap(([field, { immutable, derived }]) =>
        immutable || derived ? [] : [`${name}.${field}`],
      );
    });
    expect(offered).toEqual(expect.arrayContaining(declared));
  });

  it.each(Object.entries(cases))(
    'is in effect at once, and touches no other flow: %s',
    async (name, { path, to, reads, back, shows, touches = [] }) => {
      const field = name.split('.')[1];
      const form: Form = field ? { [field]: to } : {};
      const object = path.replace(/\/(attach|release)$/, '');
      const was = back ? undefined : await host.api('GET', object);
      if (shows) expect(await shows.by()).toEqual(shows.before);
      const [before, ages] = [await namedNow(), await arrivals(host)];

      try {
        await change(path, form);
        if (reads) expect(await reads()).toBe(true);
        else if (field) expect(String((await host.api('GET', object))[field])).toBe(to);
        const after = await arrivals(host);
        expect([...after.keys()]).toEqual(fromNothing(host));
        expect(added(ages, after)).toEqual([]);
        expect(differing(before, await namedNow())).toEqual([...touches].sort());
        if (shows) expect(await shows.by()).toEqual(shows.after);

        await host.stopAgent();
        await host.startAgent();
        await host.settled({ complete: false });
        const again = await arrivals(host);
        expect([...again.keys()]).toEqual([...after.keys()]);
        expect(added(after, again)).toEqual([]);
      } finally {
        await change(...(back ?? [path, field ? { [field]: String(was[field] ?? '') } : {}]));
      }
      expect([...(await namedNow()).keys()]).toEqual([...before.keys()]);
      if (shows) expect(await shows.by()).toEqual(shows.before);
      expect(host.complaints).toEqual([]);
    },
    20_000,
  );
});

interface Operation {
  readonly requestBody?: {
    readonly content: { readonly 'application/json': { readonly schema: { readonly properties?: object } } };
  };
}

/** Kinds whose objects have names, which can be changed. */
const named = topKinds.map(resourceOf).filter(({ idPrefix }) => idPrefix);

/** What is not changed to and fro between the same flows: see below. */
const elsewhere = ['datapaths.dpid', 'datapaths/adopt.confirm', ...named.map((one) => `${one.plural}/rename.new_uuid`)];

it.each(named.map(({ plural, idPrefix }) => [plural, idPrefix!]))(
  'another name touches no flow: %s',
  async (plural, prefix) => {
    const [object] = (await host.api('GET', `/${plural}`)).items;
    const [uuid, new_uuid] = [object.uuid, `${prefix}-another`];
    const status = async (name: string) => (await host.api('GET', `/${plural}/${name}`)).status.realised;
    const [before, was] = [await arrivals(host), await status(uuid)];
    await change(`/${plural}/${uuid}/rename`, { new_uuid });
    try {
      const after = await arrivals(host);
      expect([...after.keys()]).toEqual(fromNothing(host));
      expect([...after.keys()]).toEqual([...before.keys()]);
      expect(added(before, after)).toEqual([]);
      expect(await status(new_uuid)).toBe(was);
    } finally {
      await change(`/${plural}/${new_uuid}/rename`, { new_uuid: uuid });
    }
  },
  20_000,
);

it('a number that was given can be taken away again: the network has no largest packet then', async () => {
  const big = () => on.wires.send('if-1', through('if-gw1', station('if-1'), '10.0.2.6', 1450, true), 'if-6', 'if-1');
  expect(Object.keys(await big())).toEqual(['if-1']);
  await change('/networks/nw-2', { mtu: '' });
  expect((await host.api('GET', '/networks/nw-2')).mtu).toBeNull();
  expect(Object.keys(await big())).toEqual(['if-6']);
  await change('/networks/nw-2', { mtu: '1400' });
  await change('/ip_retention_containers/irc-1', { lease_time: '' });
  expect((await host.api('GET', '/ip_retention_containers/irc-1')).lease_time).toBeNull();
  await expect(host.api('POST', '/networks', { ipv4_network: '10.9.0.0', mtu: '' })).rejects.toThrow(' 400 ');
}, 20_000);

it('a datapath whose datapath id is changed is another bridge from then on', async () => {
  const before = (await host.flows()).map(textOf);
  await host.vswitch.addBridge({ name: 'br1', datapathId: '00000000000000ab', failMode: 'standalone' });
  await change('/datapaths/dp-br0', { dpid: '0xab' });
  expect((await host.api('GET', '/datapaths/dp-br0')).dpid).toBe('0x00000000000000ab');
  // What nobody serves stays closed.
  await host.closes('br0');
  expect(await host.vswitch.flows('br0')).toEqual([]);
  const served = () => host.agent.switches.served().map(({ dpid }) => dpid);
  expect(served()).toEqual(['00000000000000ab']);
  await change('/datapaths/dp-br0', { dpid: '0x000002fdee8e0a44' });
  await until(async () => JSON.stringify((await host.flows()).map(textOf)) === JSON.stringify(before));
  expect(served()).toEqual(['000002fdee8e0a44']);
  await host.closes('br1');
  expect(host.complaints).toEqual([]);
}, 20_000);
