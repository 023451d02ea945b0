import { createClient } from '@openvnet/client';
import { type Manager, startManager } from '@openvnet/manager';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyTopology, experiments, readLabFile, type Topology } from './index.ts';

let manager: Manager;

beforeEach(async () => {
  const logger = pino({ level: 'silent' });
  manager = await startManager({ listen: { host: '127.0.0.1', port: 0 }, store: 'memory', logger });
});

afterEach(() => manager.close());

async function apply(topology: Topology = readLabFile(experiments).topology, before?: Topology): Promise<string> {
  const said: string[] = [];
  await applyTopology(createClient({ api: manager.url }), topology, (line) => said.push(line), before);
  return said.join('\n');
}

describe('a topology', () => {
  it('is made once; the second time everything is there', async () => {
    expect(await apply()).toBe('topology: 21 objects made');
    const { revision } = (await createClient({ api: manager.url }).status()).manager;
    expect(await apply()).toBe('topology: 0 objects made, 21 were there');
    expect((await createClient({ api: manager.url }).status()).manager.revision).toBe(revision);
  });

  it('may lie over another, and hold what an interface belongs to by request', async () => {
    const topology = {
      networks: [{ uuid: 'nw-a', ipv4_network: '10.0.0.0' }],
      interfaces: [{ uuid: 'if-a', networks: [{ network_uuid: 'nw-a', static: true }] }],
      topologies: [
        {
          uuid: 'topo-o',
          mode: 'simple_overlay',
          underlays: [{ underlay_uuid: 'topo-u' }],
          networks: [{ network_uuid: 'nw-a' }],
        },
        { uuid: 'topo-u', mode: 'simple_underlay' },
      ],
    };
    expect(await apply(topology)).toBe('topology: 7 objects made');
    expect(await apply(topology)).toBe('topology: 0 objects made, 7 were there');
  });

  it('of a changed file is changed, made again and removed as the file says', async () => {
    const before = readLabFile(experiments).topology;
    await apply(before);
    const client = createClient({ api: manager.url });
    await client.networks.create({ uuid: 'nw-by-hand', ipv4_network: '10.0.0.0' });
    const next = structuredClone(before) as Record<string, Record<string, unknown>[]>;
    next.networks![0]!.display_name = 'other';
    next.interfaces!.find(({ uuid }) => uuid === 'if-veth1')!.ipv4_address = '172.16.1.9';
    next.interfaces = next.interfaces!.filter(({ uuid }) => uuid !== 'if-veth6');
    expect(await apply(next, before)).toBe(
      'topology: 0 objects made, 1 changed, 1 made again, 1 removed, 18 were there',
    );
    expect(await client.interfaces.get('if-veth1')).toMatchObject({ ipv4_address: '172.16.1.9' });
    await expect(client.interfaces.get('if-veth6')).rejects.toThrow(/if-veth6/);
    expect((await client.networks.get('nw-by-hand')).uuid).toBe('nw-by-hand');
    expect(await apply(next, next)).toBe('topology: 0 objects made, 20 were there');
  });

  it('names the object that the API refuses', async () => {
    const topology = {
      networks: [{ uuid: 'nw-a', ipv4_network: '10.0.0.0' }],
      interfaces: [{ uuid: 'if-a', network_uuid: 'nw-a', mac_address: '52:54:00:00:00:01', ipv4_address: '10.9.0.1' }],
    };
    await expect(apply(topology)).rejects.toThrow(/^the topology is refused: interfaces if-a: .*10.9.0.1/);
  });

  it('that is not in effect is said object by object, with what each waits for', async () => {
    await apply();
    const client = createClient({ api: manager.url });
    const unrealised = await client.waitForAll(readLabFile(experiments).topology, 0);
    expect(unrealised.map(({ uuid }) => uuid)).toContain('if-veth1');
    for (const { waits_for } of unrealised) expect(waits_for.join()).toMatch(/\w/);
  });
});
