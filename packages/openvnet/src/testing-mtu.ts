/** What lab tests of the largest packet share: two networks joined by a router. */
import { type Guest, patience } from '@openvnet/lab';
import { type Scene, startScene } from './testing-filters.ts';

export interface Networks extends AsyncDisposable {
  readonly scene: Scene;
  /** In a network of which nothing is said. */
  readonly wide: Guest;
  /** In a network with packets of up to 1400 bytes. */
  readonly narrow: Guest;
  /** Waits until the switch has everything, and has it and the guest `wide` forget what they have found out. */
  quiet(): Promise<void>;
  /** Whether an echo request of `wide` that may be fragmented is answered. */
  echoes(size: string, ...more: string[]): Promise<boolean>;
}

export async function startNetworks(): Promise<Networks> {
  await using stack = new AsyncDisposableStack();
  const scene = stack.use(await startScene());
  const { client } = scene;
  await client.route_links.create({ uuid: 'rl-1', mac_address: '02:00:00:00:00:01' });
  for (const n of [1, 2]) {
    const network_uuid = `nw-${n}`;
    const mtu = n === 2 ? { mtu: 1400 } : {};
    await client.networks.create({ uuid: network_uuid, ipv4_network: `10.0.${n}.0`, mode: 'virtual', ...mtu });
    await client.interfaces.create({
      uuid: `if-gw${n}`,
      mode: 'simulated',
      network_uuid,
      ipv4_address: `10.0.${n}.254`,
      mac_address: `52:54:00:00:01:0${n}`,
    });
    const interface_uuid = `if-gw${n}`;
    await client.routes.create({ interface_uuid, network_uuid, route_link_uuid: 'rl-1', ipv4_network: `10.0.${n}.0` });
  }
  await client.network_services.create({ uuid: 'ns-dhcp', interface_uuid: 'if-gw2', mode: 'dhcp' });
  const wide = await scene.guest('wide', { network: 'nw-1', address: '10.0.1.1', via: '10.0.1.254', number: 1 });
  const narrow = await scene.guest('narrow', { network: 'nw-2', address: '10.0.2.1', via: '10.0.2.254', number: 2 });
  const parts = stack.move();
  return {
    scene,
    wide,
    narrow,
    async quiet() {
      await scene.settled('interface', 'if-wide');
      await wide.exec('ip', ['route', 'flush', 'cache']);
    },
    async echoes(size, ...more) {
      const args = ['-n', '-c', '1', '-W', `${patience}`, '-M', 'dont', '-s', size, ...more, '10.0.2.1'];
      return (await wide.exec('ping', args, { mayFail: true })).code === 0;
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
