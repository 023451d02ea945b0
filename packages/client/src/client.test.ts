import { mkdtempDisposableSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Manager, startManager } from '@openvnet/manager';
import { openStore } from '@openvnet/store';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import { type Client, ClientError, createClient } from './index.ts';

let manager: Manager;
let client: Client;

beforeEach(async () => {
  const logger = pino({ level: 'silent' });
  manager = await startManager({ listen: { host: '127.0.0.1', port: 0 }, store: 'memory', logger });
  client = createClient({ api: manager.url });
});

afterEach(() => manager.close());

async function datapathAndNetwork(): Promise<void> {
  await client.datapaths.create({ uuid: 'dp-br0', display_name: 'br0', dpid: '0x1', node_id: 'vna' });
  await client.networks.create({ uuid: 'nw-net1', ipv4_network: '172.16.1.0', ipv4_prefix: 24 });
}

describe('createClient', () => {
  it('makes, shows, changes, lists and removes objects', async () => {
    const made = await client.networks.create({ uuid: 'nw-a', ipv4_network: '10.0.0.0', ipv4_prefix: 16 });
    expect(made).toMatchObject({ uuid: 'nw-a', ipv4_network: '10.0.0.0', ipv4_prefix: 16 });
    expectTypeOf(made.ipv4_prefix).toEqualTypeOf<number>();
    expectTypeOf(made.ipv4_network).toEqualTypeOf<string>();
    await client.networks.update('nw-a', { display_name: 'new' });
    const shown = await client.networks.get('nw-a');
    expect(shown).toMatchObject({ display_name: 'new', status: { realised: expect.any(Boolean) } });
    await client.networks.create({ ipv4_network: '10.1.0.0' });
    expect(await client.networks.list({ limit: 1, offset: 1 })).toMatchObject({ total_count: 2, items: [{}] });
    expect(await client.networks.remove('nw-a')).toEqual(['nw-a']);
  });

  it('has the methods of relations and of parts under the object in whose path they are', async () => {
    await datapathAndNetwork();
    await client.datapaths.networks.create('dp-br0', 'nw-net1', { mac_address: '08:00:27:10:03:01' });
    expect((await client.datapaths.networks.list('dp-br0')).items).toMatchObject([{ uuid: 'nw-net1' }]);
    await client.datapaths.networks.remove('dp-br0', 'nw-net1');
    expect((await client.datapaths.networks.list('dp-br0')).total_count).toBe(0);

    await client.interfaces.create({ uuid: 'if-a', mode: 'vif' });
    await client.interfaces.ports.remove('if-a', {});
    await client.interfaces.ports.create('if-a', { port_name: 'eth7' });
    expect((await client.interfaces.ports.list('if-a')).items).toMatchObject([{ port_name: 'eth7' }]);
    await client.interfaces.ports.remove('if-a', { port_name: 'eth7' });
    expect((await client.interfaces.ports.list('if-a')).total_count).toBe(0);
  });

  it('tells what the API refuses, with its status, code and words', async () => {
    const unknown = await client.networks.get('nw-none').catch((error: unknown) => error);
    expect(unknown).toBeInstanceOf(ClientError);
    expect(unknown).toMatchObject({ status: 404, code: '100', error: 'UnknownUUIDResource' });
    const bad = client.networks.create({ ipv4_network: '10.0.0' });
    await expect(bad).rejects.toMatchObject({
      message: 'Could not parse IPv4 address: 10.0.0',
      hint: expect.stringContaining('ipv4_network'),
    });
  });

  it('says what an object waits for, as of its own last write', async () => {
    await datapathAndNetwork();
    await client.interfaces.create({
      uuid: 'if-a',
      network_uuid: 'nw-net1',
      ipv4_address: '172.16.1.1',
      mac_address: '52:54:00:00:00:01',
    });
    expect(client.http.revision).toBeGreaterThan(0);
    const status = await client.waitFor('interface', 'if-a', { seconds: 0 });
    expect(status.realised).toBe(false);
    expect(status.waits_for.join()).toMatch(/\w/);
    expect((await client.status()).manager.revision).toBe(client.http.revision);
  });

  it('says with each change why it is made', async () => {
    using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-client-'));
    const path = join(directory.path, 'store.db');
    {
      const logger = pino({ level: 'silent' });
      await using manager = await startManager({ listen: { host: '127.0.0.1', port: 0 }, store: path, logger });
      const client = createClient({ api: manager.url, message: 'für 100 % der Gäste' });
      await client.networks.create({ uuid: 'nw-a', ipv4_network: '10.0.0.0' });
    }
    await using store = await openStore(path);
    expect(await store.log({ revision: 1 })).toMatchObject([{ message: 'für 100 % der Gäste' }]);
  });

  it('reaches every kind by its name too', async () => {
    await datapathAndNetwork();
    expect(await client.of('network').get('nw-net1')).toMatchObject({ uuid: 'nw-net1' });
    expect(await client.nestedOf('datapath_network').list('dp-br0')).toMatchObject({ items: [] });
    expect(() => client.of('cloud')).toThrow('no resource is called cloud');
  });
});

describe('the client', () => {
  it('and the model it is made from need nothing of Node, so that they run in a browser', () => {
    const seen = new Set<string>();
    const follow = (file: URL): void => {
      if (seen.has(file.href)) return;
      seen.add(file.href);
      for (const [, from] of readFileSync(file, 'utf8').matchAll(/^(?:import|export|}) .*from '(.*)';$/gm)) {
        expect(from, file.pathname).not.toMatch(/^node:/);
        if (from!.startsWith('.')) follow(new URL(from!, file));
        if (from === '@openvnet/model') follow(new URL('../../model/src/index.ts', import.meta.url));
      }
    };
    follow(new URL('./index.ts', import.meta.url));
    expect(seen.size).toBeGreaterThan(15);
  });
});

describe('an API that is not there', () => {
  it('is one sentence', async () => {
    const { url } = manager;
    await manager.close();
    await expect(client.networks.list()).rejects.toThrow(
      new ClientError(`cannot reach ${url}: connection refused (is vnmgr or openvnet running?)`, null, {
        unreachable: url,
      }),
    );
    const nowhere = createClient({ api: 'no-such-host.invalid:9090' }).status();
    await expect(nowhere).rejects.toThrow(/^cannot reach no-such-host.invalid:9090: /);
    expect(() => createClient({ api: 'http://no address' })).toThrow(/no address of an API; expected something like/);
  });

  it('is told apart from another server', async () => {
    await using server = createServer((_, response) => response.end('<html>')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const other = createClient({ api: `127.0.0.1:${port}` });
    await expect(other.status()).rejects.toThrow(/what answers there \(status 200\) is not the API of OpenVNet/);
  });
});
