/** Faults of the original, by the numbers of its list, where something is taken away, or comes and goes. */
import { route } from '@openvnet/compiler';
import { describe, expect, it } from 'vitest';
import {
  call,
  type Faults,
  type Form,
  five,
  flowsOf,
  flowsWith,
  hearers,
  nothing,
  one,
  type Scene,
  show,
} from '../testing/known-faults.ts';
import { by, station, stationIn } from '../testing/populated.ts';
import { arpRequest, echo, everyone, macOf, macText, plain } from '../testing/wires.ts';

const faults: Faults = {
  6: [
    'releasing one IP lease leaves the interface in the broadcasts of its other networks',
    async (scene) => {
      expect([await hearers(scene, 'if-1', one), await hearers(scene, 'if-5', five)]).toEqual([
        ['if-2', 'if-4'],
        ['if-4'],
      ]);
      await call(scene, 'DELETE', '/ip_leases/il-4b');
      expect([await hearers(scene, 'if-1', one), await hearers(scene, 'if-5', five)]).toEqual([['if-2', 'if-4'], []]);
    },
  ],
  7: [
    'removing a MAC lease takes every flow of its MAC address away',
    async (scene) => {
      const flows = () => flowsWith(scene, macText(macOf(14)));
      expect((await flows()).length).toBeGreaterThan(1);
      await call(scene, 'DELETE', '/mac_leases/ml-s3');
      expect(await flows()).toEqual([]);
      expect(await scene.wires.send('if-s3', plain(macOf(14), everyone))).toEqual(nothing);
      // The other MAC address of the interface is not concerned.
      expect((await flowsWith(scene, macText(stationIn('if-s3')))).length).toBeGreaterThan(1);
    },
  ],
  8: [
    'deleting a simulated interface takes all its flows away, those of its services too',
    async (scene) => {
      // A filter lets DHCP pass at any port.
      const flows = async () =>
        (await flowsWith(scene, macText(station('if-srv').mac), '10.0.1.253', 'tp_dst=53', 'tp_dst=67')).filter(
          (line) => !line.includes('tp_dst=67') || line.includes('in_port='),
        );
      expect((await flows()).length).toBeGreaterThan(3);
      await call(scene, 'DELETE', '/interfaces/if-srv');
      expect(await flows()).toEqual([]);
      expect(await scene.wires.send('if-1', arpRequest(one, station('if-srv').ip))).toEqual(nothing);
      expect(await scene.wires.send('if-1', echo(one, station('if-srv')))).toEqual(nothing);
    },
  ],
  9: [
    'a port of a host or a promiscuous interface that is removed leaves no flow',
    async (scene) => {
      const { host, wires } = scene;
      await call(scene, 'POST', '/interfaces', { uuid: 'if-p', mode: 'promiscuous', port_name: 'nic1' });
      await call(scene, 'PUT', '/interfaces/if-p/segments/seg-1', { static: 'true' });
      await call(scene, 'POST', '/networks', { uuid: 'nw-p', mode: 'physical', ipv4_network: '10.0.8.0' });
      const address = { network_uuid: 'nw-p', ipv4_address: '10.0.8.5', mac_address: macText(macOf(50)) };
      await call(scene, 'POST', '/interfaces', { uuid: 'if-h', mode: 'host', port_name: 'nic2', ...address });
      const without = await flowsOf(scene);
      for (const [port, number] of [
        ['nic1', 20],
        ['nic2', 21],
      ] as const) {
        await wires.plug(port, number);
        await expect.poll(() => flowsWith(scene, `in_port=${number}`), { timeout: 5000 }).not.toEqual([]);
        wires.unplug(port);
        await host.vswitch.deletePorts(port);
        await expect.poll(() => flowsOf(scene), { timeout: 5000 }).toEqual(without);
      }
    },
  ],
  10: [
    'on one host: a port that goes is not flooded to any more',
    async (scene) => {
      const outputs = async () => (await scene.host.vswitch.flows('br0')).filter((line) => /output:2\b/.test(line));
      expect((await outputs()).length).toBeGreaterThan(0);
      await scene.host.vswitch.deletePorts('if-2');
      await expect.poll(outputs, { timeout: 5000 }).toEqual([]);
      await scene.host.settled({ complete: false });
      expect(await hearers(scene, 'if-1', one)).toEqual(['if-4']);
    },
  ],
  11: [
    'deleting a route link takes the flows of its routes away, without an error',
    async (scene) => {
      const routed = () => scene.wires.send('if-1', echo(one, by('if-gw1', '10.0.2.6')));
      expect(await routed()).toEqual({ 'if-6': ['echo request 10.0.1.1 > 10.0.2.6'] });
      const flows = async () => (await scene.host.flows()).filter(({ body }) => body.charCodeAt(0) === route.cookie);
      expect((await flows()).length).toBeGreaterThan(route.always!.length);
      await call(scene, 'DELETE', '/route_links/rl-1');
      expect(await flows()).toHaveLength(route.always!.length);
      expect(Object.keys(await routed())).not.toContain('if-6');
    },
  ],
  12: [
    'on one host: removing the last row of a datapath that is elsewhere leaves no flow and is no error',
    (scene) => comesAndGoes(scene, 'networks/nw-1', {}),
  ],
  13: [
    'on one host: removing route links from datapaths, here and elsewhere, leaves no flow and is no error',
    (scene) => comesAndGoes(scene, 'route_links/rl-1', { mac_address: '02:00:00:00:00:aa' }),
  ],
  14: [
    'on one host: removing segments from datapaths, as tunnels would need them, leaves no flow and is no error',
    (scene) => comesAndGoes(scene, 'segments/seg-1', {}),
  ],
};

describe('faults of the original', () => {
  it.each(Object.entries(faults).map(([number, fault]) => [number, fault[0], fault] as const))(
    'fault %s: %s',
    (_, __, fault) => show(fault),
    30_000,
  );
});

/** Adds relations of both datapaths, of this host and of another, and removes them: nothing of it is in the switch. */
async function comesAndGoes(scene: Scene, relation: string, form: Form): Promise<void> {
  const before = await flowsOf(scene);
  const uplink = { uuid: 'if-nic', mode: 'host', owner_datapath_uuid: 'dp-other', port_name: 'eth9' };
  await call(scene, 'POST', '/interfaces', uplink);
  for (const datapath of ['dp-br0', 'dp-other'])
    await call(scene, 'POST', `/datapaths/${datapath}/${relation}`, { ...form, interface_uuid: 'if-nic' });
  for (const datapath of ['dp-other', 'dp-br0']) {
    await call(scene, 'DELETE', `/datapaths/${datapath}/${relation}`);
    expect(await flowsOf(scene)).toEqual(before);
  }
  await call(scene, 'DELETE', '/datapaths/dp-other');
  expect(await flowsOf(scene)).toEqual(before);
}
