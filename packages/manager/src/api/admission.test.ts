/** What a web page, or a name that an attacker has pointed here, can do: over real connections. */
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { testManager } from '../testing.ts';

const console_ = 'https://console.example';
const manager = await testManager({ allowHost: ['manager.example'], corsOrigin: [console_] });
const { host, port } = new URL(manager.url);
afterAll(() => manager.close());

/** A request with headers as they are given, which `fetch` would not send. */
async function ask(method: string, path: string, headers: Record<string, string> = {}, body?: string) {
  const sent = request(`${manager.url}${path}`, { method, headers, agent: false }).end(body);
  const [answer] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

async function upgrade(headers: Record<string, string>): Promise<string> {
  const socket = new WebSocket(`${manager.url.replace('http', 'ws')}/feed`, { headers });
  return new Promise((resolve) => {
    socket.on('open', () => resolve('open'));
    socket.on('unexpected-response', async (_, response) => resolve(`${response.statusCode} ${await text(response)}`));
  }).finally(() => {
    socket.on('error', () => undefined);
    socket.terminate();
  }) as Promise<string>;
}

async function raw(bytes: string): Promise<string> {
  const socket = connect(Number(port), '127.0.0.1');
  socket.end(bytes);
  return text(socket);
}

const form = { 'content-type': 'application/x-www-form-urlencoded' };

describe('a web page of another origin', () => {
  it.each([
    'http://evil.example',
    'null',
    `https://${host}`,
    `http://127.0.0.1`,
    `http://localhost:${port}`,
    'file://',
    'x',
  ])('can change nothing, whatever it asks: %s', async (origin) => {
    await manager.done('POST', '/networks', { uuid: 'nw-kept', ipv4_network: '10.0.0.0' });
    const refused = { status: 403, body: expect.stringContaining('--cors-origin') };
    expect(await ask('POST', '/api/1.0/apply?delete=true', { origin, ...form })).toMatchObject(refused);
    expect(await ask('POST', '/api/networks', { origin, ...form }, 'ipv4_network=10.1.0.0')).toMatchObject(refused);
    expect(await ask('DELETE', '/api/1.0/networks/nw-kept', { origin })).toMatchObject(refused);
    expect(await ask('GET', '/api/1.0/networks', { origin })).toMatchObject(refused);
    const preflight = { origin, 'access-control-request-method': 'DELETE' };
    const { status, headers } = await ask('OPTIONS', '/api/1.0/networks', preflight);
    expect([status, headers['access-control-allow-origin']]).toEqual([403, undefined]);
    expect(await upgrade({ origin })).toMatch(/^403 .*--cors-origin/);
    expect((await manager.done('GET', '/networks')).total_count).toBe(1);
    await manager.done('DELETE', '/networks/nw-kept');
  });

  it('is refused before its body is read', async () => {
    const headers = { origin: 'http://evil.example', 'content-length': '1000000' };
    const sent = request(`${manager.url}/api/networks`, { method: 'POST', headers, agent: false });
    sent.on('error', () => undefined).flushHeaders();
    const [answer] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
    expect(answer.statusCode).toBe(403);
    sent.destroy();
  });

  it('gets nothing that it could show or run, and cannot frame the manager', async () => {
    const image = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
    expect((await ask('GET', '/api/1.0/networks', image)).status).toBe(403);
    expect((await ask('GET', '/api/1.0/networks', { ...image, 'sec-fetch-site': 'same-site' })).status).toBe(403);
    const frame = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' };
    expect((await ask('GET', '/api/1.0/docs', frame)).status).toBe(403);
    const link = { ...frame, 'sec-fetch-dest': 'document' };
    expect(await ask('GET', '/api/1.0/docs/', link)).toMatchObject({
      status: 200,
      headers: { 'x-frame-options': 'DENY', 'x-content-type-options': 'nosniff' },
    });
    expect((await ask('POST', '/api/1.0/networks', link)).status).toBe(403);
  });

  it('that was configured may use the API, and no other with it', async () => {
    const headers = {
      origin: console_,
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'x-a',
    };
    expect(await ask('OPTIONS', '/api/1.0/networks', headers)).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': console_,
        'access-control-allow-methods': 'GET, POST, PUT, DELETE, OPTIONS',
        'access-control-allow-headers': 'x-a',
      },
    });
    const answer = await ask('GET', '/api/networks', { origin: console_, 'sec-fetch-site': 'cross-site' });
    expect(answer).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': console_ } });
    expect(await upgrade({ origin: console_ })).toBe('open');
    expect((await ask('GET', '/api/networks', { origin: `${console_}.evil.example` })).status).toBe(403);
  });
});

describe('a host name', () => {
  it.each([
    '127.0.0.1',
    `127.0.0.1:${port}`,
    '[::1]:9090',
    'localhost',
    'LOCALHOST.:80',
    'manager.example:1',
    '192.0.2.7',
  ])('that is an address, localhost or configured is served: %s', async (name) => {
    expect((await ask('GET', '/api/networks', { host: name })).status).toBe(200);
    expect(await upgrade({ host: name })).toBe('open');
  });

  it.each([
    'evil.example',
    'localhost.evil.example',
    'manager.example.evil',
    '127.0.0.1.evil.example',
    'a@127.0.0.1',
    ':80',
  ])('of any other kind is refused, with the setting that allows it: %s', async (name) => {
    const refused = { status: 403, body: expect.stringContaining('--allow-host') };
    expect(await ask('GET', '/api/networks', { host: name })).toMatchObject(refused);
    expect(await ask('GET', '/nowhere', { host: name })).toMatchObject(refused);
    if (name) expect(await upgrade({ host: name })).toMatch(/^403 .*--allow-host/);
  });

  it('may be absent in HTTP/1.0 alone', async () => {
    expect(await raw('GET /api/networks HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 200 /);
    expect(await raw('GET /api/networks HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
    expect(await raw('GET /api/networks HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1.1 403 /);
    const headers = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n';
    const key = `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n`;
    expect(await raw(`GET /feed HTTP/1.1\r\n${headers}${key}\r\n`)).toMatch(/^HTTP\/1.1 40[03] /);
  });

  it('is named in the refusal in a form that no terminal obeys', async () => {
    const { body } = await ask('GET', '/api/networks', { host: `evil.example\u0085${'x'.repeat(500)}` });
    expect(JSON.parse(body)).toEqual({
      error: 'Vnet::Endpoints::Errors::Forbidden',
      code: '403',
      message: `Could not take Host evil.example\\u{85}${'x'.repeat(87)}...`,
      hint: 'expected an IP address, localhost, or a name set with vnmgr --allow-host',
    });
  });
});

it('takes what programs and its own pages ask, without any setting', async () => {
  expect((await ask('POST', '/api/networks', form, 'uuid=nw-curl&ipv4_network=10.0.0.0')).status).toBe(200);
  const own = { origin: manager.url, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' };
  expect((await ask('DELETE', '/api/1.0/networks/nw-curl', own)).status).toBe(200);
  expect((await ask('GET', '/api/1.0/docs/', { 'sec-fetch-site': 'none' })).status).toBe(200);
  expect(await upgrade({ origin: manager.url })).toBe('open');
});
