/** How requests are read and answers written, whatever the resource. */
import { afterAll, describe, expect, it } from 'vitest';
import { testManager } from '../testing.ts';

const manager = await testManager();
const { app, done } = manager;
afterAll(() => manager.close());

async function post(type: string, payload: string | Buffer, query = '') {
  const headers = { 'content-type': type };
  const answer = await app.inject({ method: 'POST', url: `/api/1.0/networks${query}`, payload, headers });
  return { status: answer.statusCode, body: answer.json() };
}
const argument = (message: unknown) => ({
  status: 400,
  body: { error: 'Vnet::Endpoints::Errors::ArgumentError', code: '110', message },
});

describe('a body', () => {
  it('may be a form, JSON or YAML, flat or in one object, with the query string', async () => {
    const expected = { status: 200, body: { ipv4_network: '10.1.0.0', ipv4_prefix: 16, display_name: 'é' } };
    const form = 'application/x-www-form-urlencoded';
    const flat = { ipv4_network: '10.1.0.0', ipv4_prefix: 16, display_name: 'é', domain_name: null };
    for (const [type, payload, query] of [
      [form, 'ipv4_network=10.1.0.0&ipv4_prefix=0x10&display_name=%C3%A9', ''],
      [form, 'display_name=first&display_name=%C3%A9', '?ipv4_network=10.1.0.0&ipv4_prefix=16&display_name=x'],
      ['application/json', JSON.stringify(flat), ''],
      ['application/json; charset=utf-8', JSON.stringify({ network: flat }), ''],
      ['text/json', '{"display_name":"é"}', '?ipv4_network=10.1.0.0&ipv4_prefix=16'],
      ['application/yaml', 'ipv4_network: 10.1.0.0\nipv4_prefix: 16\ndisplay_name: é\n', ''],
      ['text/yaml', 'network:\n  ipv4_network: 10.1.0.0\n  ipv4_prefix: 16\n  display_name: é\n', ''],
      ['application/json', '', '?ipv4_network=10.1.0.0&ipv4_prefix=16&display_name=%C3%A9'],
    ] as const) {
      expect(await post(type, payload, query)).toMatchObject(expected);
    }
  });

  it('may have symbols of Ruby as keys in YAML', async () => {
    const ruby = '---\n:network:\n  :ipv4_network: 10.1.0.0\n  :ipv4_prefix: 16\n';
    expect(await post('text/yaml', ruby)).toMatchObject({ status: 200, body: { ipv4_prefix: 16 } });
  });

  it('that names what is no parameter is refused as JSON or YAML, and left out with a warning as a form', async () => {
    const wrong = { ipv4_network: '10.1.0.0', ipv4_prfix: 16 };
    for (const [type, payload] of [
      ['application/json', JSON.stringify(wrong)],
      ['text/yaml', ':ipv4_network: 10.1.0.0\n:ipv4_prfix: 16\n'],
    ] as const) {
      expect(await post(type, payload)).toMatchObject({
        status: 400,
        body: {
          code: '110',
          message: 'there is no parameter ipv4_prfix',
          hint: expect.stringContaining('ipv4_prefix'),
        },
      });
    }
    const form = { ipv4_network: '10.1.0.0', ipv4_prfix: '16', 'a"\r\n\u202e': '' };
    const { status, headers } = await manager.call('POST', '/networks', form);
    expect([status, headers.warning]).toEqual([200, '299 - "not a parameter, left out: ipv4_prfix, a??r?n?u{202e}"']);
    const known = await manager.call('POST', '/networks', {
      ipv4_network: '10.1.0.0',
      network_mode: 'virtual',
      editable: '1',
    });
    expect([known.status, known.headers.warning]).toEqual([200, undefined]);
  });

  it('is answered in the YAML of the original where the path ends in .yml, and in plain YAML with .yaml', async () => {
    const { body: made } = await manager.call('POST', '/networks.yml', { ipv4_network: '10.1.0.0' });
    expect(made).toMatch(/^---\n:id: \d+\n:uuid: nw-\w+\n/);
    expect(made).toMatch(/^:created_at: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.000000000 Z$/m);
    expect((await manager.call('GET', '/networks.yml')).body).toMatch(
      /^---\ntotal_count: \d+\noffset: 0\nlimit: 30\n:items:\n- :id: /,
    );
    await done('POST', '/datapaths', { uuid: 'dp-y', display_name: 'y', dpid: '0x7', node_id: 'n' });
    expect((await manager.call('GET', '/datapaths/dp-y/networks.yml')).body).toBe(
      '---\n:total_count: 0\n:offset: 0\n:limit: 30\n:items: []\n',
    );
    expect((await manager.call('DELETE', '/datapaths/dp-y.yml')).body).toBe('---\n- dp-y\n');
    const refusal = (await manager.call('GET', '/networks/nw-none.yml')).body;
    expect(refusal).toContain(
      ":error: Vnet::Endpoints::Errors::UnknownUUIDResource\n:message: 'Network#uuid: nw-none'\n:code: '100'",
    );
    expect((await manager.call('GET', '/networks.yaml')).body).toMatch(/^total_count: /);
  });

  it('may come along with a GET or a DELETE', async () => {
    const payload = 'limit=1';
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await app.inject({ method: 'GET', url: '/api/networks', payload, headers });
    expect(answer.json()).toMatchObject({ limit: 1 });
  });

  it('that cannot be read is refused, and so is one of another kind', async () => {
    const form = 'application/x-www-form-urlencoded';
    const invalid = (hint: RegExp) => ({
      status: 400,
      body: { message: 'Invalid request body.', hint: expect.stringMatching(hint) },
    });
    expect(await post('application/json', '{"a":')).toMatchObject(invalid(/JSON/));
    expect(await post('application/json', '[1]')).toMatchObject(invalid(/^Expected an object/));
    expect(await post('text/yaml', 'a: [')).toMatchObject(invalid(/line 1/));
    expect(await post('text/yaml', 'a: &a [1]\nb: *a')).toMatchObject(invalid(/alias/i));
    expect(await post('text/plain', 'hello')).toMatchObject(argument(expect.stringContaining('text/plain')));
    expect(await post(form, 'display_name=100%')).toMatchObject(argument(expect.stringContaining('wrong escape')));
    expect(await post(form, 'display_name=%FF')).toMatchObject(argument(expect.stringContaining('wrong escape')));
    expect(await post(form, Buffer.from([0x61, 0x3d, 0xff]))).toMatchObject(argument(expect.stringContaining('UTF-8')));
    const replaced = await post('application/json', '{"ipv4_network":"10.0.0.0","display_name":"a\ufffd"}');
    expect(replaced).toMatchObject({ status: 400, body: { hint: expect.stringContaining('UTF-8') } });
    const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
    expect((await post('application/json', deep)).status).toBe(400);
  });

  it('does not reach what objects inherit', async () => {
    for (const body of ['{"__proto__":{"ipv4_network":"10.0.0.0"}}', '{"constructor":1,"toString":2}']) {
      const { status } = await post('application/json', body);
      expect([200, 400]).toContain(status);
    }
    expect(({} as Record<string, unknown>).ipv4_network).toBeUndefined();
  });

  it('that is too large is refused without being read', async () => {
    const answer = await fetch(`${manager.url}/api/networks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: 'x'.repeat(20 << 20),
    }).then(
      async (response) => [response.status, ((await response.json()) as { code: string }).code],
      (error: Error) => (error.cause as { code: string }).code,
    );
    // The server stops reading; a client that goes on writing may learn of it by a reset.
    expect([[413, '413'], 'EPIPE', 'ECONNRESET']).toContainEqual(answer);
    const injected = await post('application/json', 'x'.repeat((1 << 20) + 1));
    expect(injected).toMatchObject({ status: 413, body: { code: '413', message: expect.stringContaining('1048576') } });
    expect((await done('GET', '/networks')).limit).toBe(30);
  });
});

describe('a path', () => {
  it('that is unknown is not found, in the words of old', async () => {
    for (const url of ['/api', '/api/1.0', '/api/1.0/nothing', '/api/1.0/networks/nw-a/b/c', '/api/2.0/networks']) {
      const answer = await app.inject(url);
      expect([url, answer.statusCode, answer.body]).toEqual([url, 404, '<h1>Not Found</h1>']);
      expect(answer.headers['content-type']).toContain('text/html');
    }
    expect((await app.inject({ method: 'PATCH', url: '/api/networks/nw-a' })).statusCode).toBe(404);
  });

  it('with wrong escapes, or longer than any, is refused', async () => {
    const bad = await app.inject('/api/networks/nw-%zz');
    expect([bad.statusCode, bad.json().code]).toEqual([400, '110']);
    const long = await app.inject(`/api/networks/nw-${'a'.repeat(5000)}`);
    expect(long.statusCode).toBeGreaterThanOrEqual(400);
    expect(long.statusCode).toBeLessThan(500);
    expect((await app.inject('/api/networks?limit=%zz')).statusCode).toBe(400);
  });

  it('answers HEAD where it answers GET', async () => {
    const answer = await app.inject({ method: 'HEAD', url: '/api/1.0/networks' });
    expect([answer.statusCode, answer.body]).toEqual([200, '']);
  });
});
