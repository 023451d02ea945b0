import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Networks, startNetworks } from './testing-mtu.ts';

let networks: Networks;

beforeAll(async () => {
  networks = await startNetworks();
});

afterAll(() => networks?.[Symbol.asyncDispose]());

describe('a network with a largest packet and a filtered guest', () => {
  it('fragments what the switch tracks for the guest, and tracks fragments', async () => {
    const { echoes, narrow, quiet, scene } = networks;
    const { client } = scene;
    // Its replies are fragments too.
    await narrow.exec('ip', ['link', 'set', 'dev', 'eth0', 'mtu', '1400']);
    await client.filters.create({ uuid: 'fil-narrow', interface_uuid: 'if-narrow', mode: 'static' });
    await client.interfaces.update('if-narrow', { enable_filtering: true });
    await quiet();
    expect(await echoes('56')).toBe(false);
    const any = { src_address: '0.0.0.0/0', dst_address: '0.0.0.0/0' };
    for (const [protocol, action] of [
      ['icmp', 'pass'],
      ['tcp', 'conn'],
    ] as const)
      await client.nestedOf('filter_static').create('fil-narrow', { protocol, action, ...any });
    await quiet();
    expect([await echoes('56'), await echoes('1472')]).toEqual([true, true]);
  });
});
