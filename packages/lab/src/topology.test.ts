import { createClient } from '@openvnet/client';
import { type Manager, startManager } from '@openvnet/manager';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyTopology, experiments, readLabFile, waitForTopology } from './index.ts';

let manager: Manager;

beforeEach(async () => {
  const logger = pino({ level: 'silent' });
  manager = await startManager({ listen: { host: '127.0.0.1', port: 0 }, store: 'memory', logger });
});

afterEach(() => manager.close());

async function apply(topology = readLabFile(experiments).topology): Promise<string> {
  const said: string[] = [];
  await applyTopology(createClient({ api: manager.url }), topology, (line) => said.push(line));
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

  it('meets an object that is there and different with an error that names it', async () => {
    await apply();
    const client = createClient({ api: manager.url });
    await client.interfaces.remove('if-veth1');
    await client.interfaces.create({
      uuid: 'if-veth1',
      network_uuid: 'nw-net1',
      ipv4_address: '172.16.1.9',
      mac_address: '52:54:00:0d:84:01',
    });
    await expect(apply()).rejects.toThrow(
      /^if-veth1 is there already and is different: ipv4_address is 172.16.1.9 and not 172.16.1.1; remove it/,
    );
  });

  it('names the object that the API refuses', async () => {
    const topology = {
      networks: [{ uuid: 'nw-a', ipv4_network: '10.0.0.0' }],
      interfaces: [{ uuid: 'if-a', network_uuid: 'nw-a', mac_address: '52:54:00:00:00:01', ipv4_address: '10.9.0.1' }],
    };
    await expect(apply(topology)).rejects.toThrow(/^if-a is refused: .*10.9.0.1/);
  });

  it('that is not in effect is said object by object, with what each waits for', async () => {
    await apply();
    const client = createClient({ api: manager.url });
    const unrealised = await waitForTopology(client, readLabFile(experiments).topology, 0);
    expect(unrealised.map(({ uuid }) => uuid)).toContain('if-veth1');
    for (const { waitsFor } of unrealised) expect(waitsFor.join()).toMatch(/\w/);
  });
});
