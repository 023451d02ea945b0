import { describe, expect, it } from 'vitest';
import { testManager } from '../testing.ts';
import { readLongYaml } from './yaml.ts';

const manyKeys = Array.from({ length: 60_000 }, (_, i) => `k${i}: v`).join('\n');

describe('long YAML', () => {
  it('gives the same as short YAML', async () => {
    const rows = Array.from({ length: 200 }, (_, i) => ({ uuid: `nw-n${i}`, ipv4_network: '10.0.0.0' }));
    const text = rows.map(({ uuid }) => `- {:uuid: ${uuid}, ipv4_network: 10.0.0.0}\n`).join('');
    expect(await readLongYaml(text)).toEqual(rows);
    await expect(readLongYaml(`${'# \n'.repeat(2000)}a: [`)).rejects.toThrow(/line 2001/);
  });

  it('is given up after a while', async () => {
    await expect(readLongYaml(manyKeys, 300)).rejects.toThrow('took longer than 0.3 s');
  });

  it('keeps nobody else waiting', async () => {
    await using manager = await testManager();
    const url = `${manager.url}/api/1.0/networks`;
    const gone = new AbortController();
    const headers = { 'content-type': 'text/yaml' };
    const slow = fetch(url, { method: 'POST', headers, body: manyKeys, signal: gone.signal }).catch(() => 'gone');
    const from = performance.now();
    for (let i = 0; i < 20; i++) expect((await fetch(url)).status).toBe(200);
    expect(performance.now() - from).toBeLessThan(5000);
    gone.abort();
    expect(await slow).toBe('gone');
  });
});

it('a value of great depth is refused as any other', async () => {
  await using manager = await testManager();
  const body = `{"ipv4_network":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  const answer = await fetch(`${manager.url}/api/1.0/networks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('a deeply nested list');
});
