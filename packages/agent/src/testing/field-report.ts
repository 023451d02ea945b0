/** The topology of the field report as steps, to be done to a host in one order or another. For tests. */
import { dpid, type Host } from './host.ts';

type Form = Readonly<Record<string, string>>;

/** Something that is done to a host, and what has to be done before it. */
export interface Step {
  readonly name: string;
  readonly after: readonly string[];
  readonly run: (host: Host) => Promise<unknown>;
}

/** A call of the API as a step; to delete `path` undoes it. */
export interface Call extends Step {
  readonly run: (host: Pick<Host, 'api'>) => Promise<unknown>;
  readonly path: string;
  readonly form: Form;
}

export function post(name: string, path: string, after: readonly string[], form: Form): Call {
  const nested = path.split('/').length > 2;
  const run: Call['run'] = (host) => host.api('POST', path, nested ? form : { uuid: name, ...form });
  return { name, path: nested ? path : `${path}/${name}`, after, form, run };
}

/** The topology of the field report: three networks, six guests, two gateways, a router between the first two networks. */
export const calls: readonly Call[] = [
  post('dp-br0', '/datapaths', [], { display_name: 'br0', dpid: `0x${dpid}`, node_id: 'node1' }),
  ...[1, 2, 3].flatMap((n) => [
    post(`nw-net${n}`, '/networks', [], {
      display_name: `net${n}`,
      ipv4_network: n === 2 ? '172.16.2.0' : '172.16.1.0',
      ipv4_prefix: '24',
      domain_name: `dom${n}`,
      network_mode: 'virtual',
    }),
    post(`dp-br0 nw-net${n}`, `/datapaths/dp-br0/networks/nw-net${n}`, ['dp-br0', `nw-net${n}`], {
      broadcast_mac_address: `08:00:27:10:03:0${n}`,
    }),
  ]),
  ...(
    [
      [1, 1, '172.16.1.1'],
      [2, 1, '172.16.1.2'],
      [3, 2, '172.16.2.3'],
      [4, 2, '172.16.2.4'],
      [5, 3, '172.16.1.1'],
      [6, 3, '172.16.1.2'],
    ] as const
  ).map(([guest, network, ipv4_address]) =>
    post(`if-veth${guest}`, '/interfaces', [`nw-net${network}`], {
      network_uuid: `nw-net${network}`,
      ipv4_address,
      mac_address: `52:54:00:0d:84:0${guest}`,
    }),
  ),
  ...[1, 2].flatMap((n) => [
    post(`if-vnet${n}gw`, '/interfaces', [`nw-net${n}`], {
      network_uuid: `nw-net${n}`,
      mac_address: n === 1 ? '52:54:00:74:00:00' : '52:54:00:74:22:22',
      ipv4_address: `172.16.${n}.254`,
      mode: 'simulated',
    }),
    post(`ns-vnet${n}gw`, '/network_services', [`if-vnet${n}gw`], {
      interface_uuid: `if-vnet${n}gw`,
      display_name: 'router',
    }),
    post(`r-vnet${n}`, '/routes', [`if-vnet${n}gw`, 'rl-vnetlink1'], {
      interface_uuid: `if-vnet${n}gw`,
      route_link_uuid: 'rl-vnetlink1',
      ipv4_network: `172.16.${n}.0`,
    }),
  ]),
  post('rl-vnetlink1', '/route_links', [], { mac_address: '52:54:00:60:11:11' }),
  post('dp-br0 rl-vnetlink1', '/datapaths/dp-br0/route_links/rl-vnetlink1', ['dp-br0', 'rl-vnetlink1'], {
    route_link_uuid: 'rl-vnetlink1',
    mac_address: '08:00:27:20:01:01',
  }),
];

/** The switch's side: the bridge, its ports, its controller. */
export const switchSteps: readonly Step[] = [
  { name: 'br0', after: [], run: (host) => host.addBridge() },
  { name: 'controller', after: ['br0'], run: (host) => host.setController() },
  ...[1, 2, 3, 4, 5, 6].map((n) => ({
    name: `port ${n}`,
    after: ['br0'],
    run: (host: Host) => host.addPort(`if-veth${n}`, n),
  })),
];

/** Does everything in the order in which the report would have had it: registered first, then connected. */
export async function fieldReport(host: Host, registered: readonly Step[] = calls): Promise<void> {
  for (const step of ordered([...registered, ...switchSteps])) await step.run(host);
  await host.startAgent();
  await host.settled({ complete: registered === calls });
}

/** The steps in the order given, as far as each may come where it stands; else as soon as it may. */
export function ordered<S extends Step>(steps: readonly S[]): S[] {
  const left = [...steps];
  const done = new Set<string>();
  const order: S[] = [];
  while (left.length > 0) {
    const at = left.findIndex(({ after }) => after.every((name) => done.has(name)));
    if (at < 0) throw new RangeError(`${left.map(({ name }) => name)} wait for each other`);
    const [step] = left.splice(at, 1) as [S];
    done.add(step.name);
    order.push(step);
  }
  return order;
}
