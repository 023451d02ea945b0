/** Faults of the original, by the numbers of its list, where an object is changed. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { call, type Faults, flowsOf, hearers, nothing, one, show, six, three } from '../testing/known-faults.ts';
import { by } from '../testing/populated.ts';
import { echo } from '../testing/wires.ts';

const pings = {
  toFiltered: { 'if-3': ['echo request 10.0.2.6 > 10.0.2.3'] },
  fromFiltered: { 'if-6': ['echo request 10.0.2.3 > 10.0.2.6'] },
} as const;

const faults: Faults = {
  1: [
    'every field of an interface that the API offers can be changed',
    async ({ host }) => {
      const form = {
        display_name: 'a',
        enable_filtering: 'true',
        enable_routing: 'true',
        enable_route_translation: 'true',
      };
      const shown = await host.api('PUT', '/interfaces/if-1', { ...form, owner_datapath_uuid: 'dp-br0' });
      expect(shown).toMatchObject({
        display_name: 'a',
        enable_filtering: true,
        enable_routing: true,
        enable_route_translation: true,
      });
      const [port] = (await host.api('GET', '/interfaces/if-1/ports')).items;
      expect(port.datapath_id).toBe((await host.api('GET', '/datapaths/dp-br0')).id);
    },
  ],
  2: [
    'turning filtering off and on again changes what an interface receives',
    async (scene) => {
      const ping = () => scene.wires.send('if-6', echo(six, three));
      expect(await ping()).toEqual(nothing);
      await call(scene, 'PUT', '/interfaces/if-3', { enable_filtering: 'false' });
      expect(await ping()).toEqual(pings.toFiltered);
      await call(scene, 'PUT', '/interfaces/if-3', { enable_filtering: 'true' });
      expect(await ping()).toEqual(nothing);
    },
  ],
  3: [
    'datapath id and node of a datapath can be changed, and the bridge that has the new id is served',
    async (scene) => {
      const wanted = await flowsOf(scene);
      await scene.host.api('PUT', '/datapaths/dp-br0', { dpid: '0xab', node_id: 'later' });
      await scene.host.closes('br0');
      await scene.host.vswitch.vsctl('set', 'Bridge', 'br0', 'other_config:datapath-id=00000000000000ab');
      await expect.poll(() => flowsOf(scene), { timeout: 5000 }).toEqual(wanted);
      expect(await scene.host.api('GET', '/datapaths/dp-br0')).toMatchObject({ node_id: 'later' });
    },
  ],
  4: [
    'changing what a filter lets pass one way leaves the other way as it is',
    async (scene) => {
      const seen = async () => [
        await scene.wires.send('if-6', echo(six, three)),
        await scene.wires.send('if-3', echo(three, six)),
      ];
      await call(scene, 'PUT', '/filters/fil-3', { ingress_passthrough: 'true' });
      await call(scene, 'PUT', '/filters/fil-3', { egress_passthrough: 'true' });
      expect(await seen()).toEqual([pings.toFiltered, pings.fromFiltered]);
      await call(scene, 'PUT', '/filters/fil-3', { ingress_passthrough: 'false' });
      expect(await seen()).toEqual([nothing, pings.fromFiltered]);
    },
  ],
  5: [
    'removing a broad rule of a filter leaves the narrower rules',
    async (scene) => {
      const narrow = { protocol: 'icmp', src_address: '10.0.2.6/32', dst_address: '10.0.2.3/32', action: 'pass' };
      const broad = { protocol: 'icmp', src_address: '10.0.0.0/8', dst_address: '0.0.0.0/0', action: 'pass' };
      await call(scene, 'POST', '/filters/fil-3/static', narrow);
      const before = await flowsOf(scene);
      await call(scene, 'POST', '/filters/fil-3/static', broad);
      const { action: _, ...selected } = broad;
      await call(scene, 'DELETE', '/filters/fil-3/static', selected);
      expect(await flowsOf(scene)).toEqual(before);
      expect(await scene.wires.send('if-6', echo(six, three))).toEqual(pings.toFiltered);
    },
  ],
  23: [
    'enable_routing of an IP lease is in effect at once',
    async (scene) => {
      const ping = () => scene.wires.send('if-6', echo(six, by('if-gw2', '10.0.2.100')));
      expect(await ping()).toEqual(nothing);
      await call(scene, 'PUT', '/ip_leases/il-out', { enable_routing: 'false' });
      expect(await ping()).toEqual({ 'if-6': ['echo reply 10.0.2.100 > 10.0.2.6'] });
    },
  ],
  24: [
    'an association that is removed is removed at the agent too',
    async (scene) => {
      const rows = () => scene.host.agent.slice.relations.interface_network.size;
      const before = rows();
      await call(scene, 'PUT', '/interfaces/if-5/networks/nw-1', { static: 'true' });
      expect(rows()).toBe(before + 1);
      expect(await hearers(scene, 'if-1', one)).toContain('if-5');
      await call(scene, 'PUT', '/interfaces/if-5/networks/nw-1', { static: 'false' });
      expect(rows()).toBe(before);
      expect(await hearers(scene, 'if-1', one)).not.toContain('if-5');
    },
  ],
  28: [
    'what vnctl offers, the API has: an interface can be renamed',
    async ({ host }) => {
      const vnctl = fileURLToPath(new URL('../../../cli/bin/vnctl', import.meta.url));
      const env = { ...process.env, OPENVNET_API: host.managerUrl };
      const { stdout } = await promisify(execFile)(vnctl, ['interfaces', 'rename', 'if-1', '--new-uuid', 'if-new'], {
        env,
      });
      expect(stdout).toContain('if-new');
      await host.settled({ complete: false });
      expect((await host.api('GET', '/interfaces/if-new')).status.realised).toBe(true);
      await expect(host.api('GET', '/interfaces/if-1')).rejects.toThrow(' 404 ');
    },
  ],
};

describe('faults of the original', () => {
  it.each(Object.entries(faults).map(([number, fault]) => [number, fault[0], fault] as const))(
    'fault %s: %s',
    (_, __, fault) => show(fault),
    30_000,
  );
});
