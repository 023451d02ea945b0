import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '@openvnet/store';
import { expect, it } from 'vitest';
import { testManager } from '../testing.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

it('gives each request a number, the one of the client where it can be taken', async () => {
  await using manager = await testManager();
  const number = async (headers: Record<string, string>) =>
    (await manager.app.inject({ url: '/api/1.0/networks', headers })).headers['x-request-id'];
  expect(await number({})).toMatch(uuid);
  expect(await number({ 'x-request-id': 'deploy-17.2' })).toBe('deploy-17.2');
  expect(await number({ 'x-request-id': 'two words' })).toMatch(uuid);
  expect(await number({ 'x-request-id': 'x'.repeat(101) })).toMatch(uuid);
  const refused = await manager.app.inject({ url: '/api/1.0/networks/nw-none', headers: { 'x-request-id': 'r-9' } });
  expect(refused).toMatchObject({ statusCode: 404, headers: { 'x-request-id': 'r-9' } });
});

it('logs each change with its author, the number of its request, and what was said of it', async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-manager-'));
  const path = join(directory.path, 'store.db');
  {
    await using manager = await testManager({ store: path });
    const write = (method: 'POST' | 'PUT' | 'DELETE', path: string, message: string, payload?: object) =>
      manager.app.inject({
        method,
        url: `/api/1.0${path}`,
        headers: { 'x-request-id': `r-${method}`, 'x-openvnet-message': message },
        ...(payload && { payload }),
      });
    await write('POST', '/networks', '100 %', { uuid: 'nw-a', ipv4_network: '10.0.0.0' });
    await write('PUT', '/networks/nw-a', 'f%C3%BCr Ann', { display_name: 'x' });
    await write('DELETE', '/networks/nw-a', '');
    const refused = await write('POST', '/networks', 'x'.repeat(501), { ipv4_network: '10.0.0.0' });
    expect(refused.statusCode).toBe(400);
    expect(refused.json()).toMatchObject({
      message: `Could not take header X-OpenVNet-Message: ${'x'.repeat(80)}`,
      hint: 'expected at most 500 characters without control characters',
    });
  }
  await using store = await openStore(path);
  expect(await store.log({ kind: 'network', id: 1 })).toMatchObject([
    { request: 'r-DELETE', author: '127.0.0.1', message: null, after: null },
    { request: 'r-PUT', message: 'für Ann', before: { display_name: '' }, after: { display_name: 'x' } },
    { request: 'r-POST', message: '100 %', before: null, after: { uuid: 'nw-a' } },
  ]);
});
