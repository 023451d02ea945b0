import { ipv4ToText, type RowOf, shell } from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { type Advice, command, covers, rangeOf, routeWords } from './words.ts';

/** Packets that no router takes, or takes on. */
export const routing: Pick<Advice, 'no_gateway' | 'no_router' | 'no_route'> = {
  async no_gateway(reader, { network_id, to }) {
    const network = await reader.get('network', network_id);
    const other = await networkWith(reader, to);
    if (!network) return [];
    const [gateway] = await gatewaysOf(reader, network_id);
    if (gateway) {
      const shut = (await reader.find('route', { interface_id: gateway.id })).find(({ ingress }) => !ingress);
      if (shut) return [letIn(shut, network.uuid)];
      const [link] = await reader.find('route_link', {}, { limit: 1 });
      return [
        `${gateway.uuid} is a gateway of ${network.uuid} without a route. ${addRoute(gateway.uuid, link?.uuid ?? 'ROUTE_LINK', network)}`,
      ];
    }
    const [guest] = await interfacesAtGatewayAddresses(reader, network);
    if (guest) return [notSimulated(guest)];
    const link = other && (await routerOf(reader, other.id));
    const words = ['--network', network.uuid];
    if (link) words.push('--route-link-uuid', link.uuid);
    else if (other && other.id !== network_id) words.push('--network', other.uuid);
    return [`${network.uuid} has no gateway. Use: ${command('router', 'add', ...words)}`];
  },

  async no_router(reader, { interface_id, from }) {
    const gateway = await reader.get('interface', interface_id);
    if (!gateway) return [];
    const routes = await reader.find('route', { interface_id });
    const shut = routes.find((route) => !route.ingress && covers(route, from));
    if (shut) return [letIn(shut, ipv4ToText(from))];
    const network = await networkWith(reader, from);
    const [link] = await reader.find('route_link', {}, { limit: 1 });
    if (!network) return [];
    const why = routes.length === 0 ? 'has no route' : `has no route from ${ipv4ToText(from)}`;
    return [`${gateway.uuid} ${why}. ${addRoute(gateway.uuid, link?.uuid ?? 'ROUTE_LINK', network)}`];
  },

  async no_route(reader, { route_link_id, to }) {
    const link = await reader.get('route_link', route_link_id);
    if (!link) return [];
    const covering = (await reader.find('route', {})).filter((route) => covers(route, to));
    const shut = covering.find((route) => route.route_link_id === route_link_id && !route.egress);
    if (shut)
      return [
        `${shut.uuid} leads to ${ipv4ToText(to)}, but its egress is false. Use: ${shell`vnctl routes modify ${shut.uuid} --egress true`}`,
      ];
    const network = await networkWith(reader, to);
    const idle = covering.find((route) => route.route_link_id === route_link_id);
    if (idle) return await whyIdle(reader, idle, link);
    const elsewhere = covering.find((route) => route.route_link_id !== route_link_id);
    if (elsewhere) {
      const other = await reader.get('route_link', elsewhere.route_link_id);
      const gateway = await reader.get('interface', elsewhere.interface_id);
      const again = network && gateway && ` && ${command(...routeWords(gateway.uuid, link.uuid, network))}`;
      return [
        `${elsewhere.uuid} leads to ${ipv4ToText(to)}, but belongs to ${other?.uuid}, not to ${link.uuid}. Use: ${shell`vnctl routes del ${elsewhere.uuid}`}${again ?? ''}`,
      ];
    }
    if (!network) return [`no network has ${ipv4ToText(to)}. Use: vnctl networks show`];
    const [gateway] = await gatewaysOf(reader, network.id);
    if (!gateway)
      return [
        `${ipv4ToText(to)} is in ${network.uuid}, which has no gateway. Use: ${command('router', 'add', '--network', network.uuid, '--route-link-uuid', link.uuid)}`,
      ];
    const own = (await reader.find('route', { interface_id: gateway.id })).find(
      (route) => route.route_link_id === route_link_id,
    );
    const range = own && `${ipv4ToText(own.ipv4_network)}/${own.ipv4_prefix}`;
    if (own)
      return [
        `${own.uuid} of ${link.uuid} leads to ${range} only, which is less than ${network.uuid}. Use: ${shell`vnctl routes del ${own.uuid}`} && ${command(...routeWords(gateway.uuid, link.uuid, network))}`,
      ];
    return [
      `${ipv4ToText(to)} is in ${network.uuid}, but no route of ${link.uuid} leads there. ${addRoute(gateway.uuid, link.uuid, network)}`,
    ];
  },
};

/** A route that leads somewhere and is not in effect: its gateway is none of its network. */
async function whyIdle(reader: Reader, route: RowOf<'route'>, link: RowOf<'route_link'>): Promise<string[]> {
  const [gateway, network] = [
    await reader.get('interface', route.interface_id),
    await reader.get('network', route.network_id ?? 0),
  ];
  if (!gateway || !network) return [];
  if (gateway.mode !== 'simulated') return [notSimulated(gateway)];
  const [other] = await gatewaysOf(reader, network.id);
  const what = `${route.uuid} leads to ${rangeOf(route)} through ${gateway.uuid}, which has no address in ${network.uuid}`;
  if (!other)
    return [`${what}. Use: ${command('router', 'add', '--network', network.uuid, '--route-link-uuid', link.uuid)}`];
  const again = command(...routeWords(other.uuid, link.uuid, network));
  return [`${what}. Use: ${command('routes', 'del', route.uuid)} && ${again}`];
}

function notSimulated({ uuid, mode }: RowOf<'interface'>): string {
  return `${uuid} has mode ${mode}; a gateway needs mode simulated. Use: ${shell`vnctl interfaces modify ${uuid} --mode simulated`}`;
}

function letIn({ uuid }: RowOf<'route'>, whom: string): string {
  return `${uuid} would let ${whom} in, but its ingress is false. Use: ${shell`vnctl routes modify ${uuid} --ingress true`}`;
}

async function networkWith(reader: Reader, address: number): Promise<RowOf<'network'> | undefined> {
  const found = (await reader.find('network', {})).filter((network) => covers(network, address));
  return found.length === 1 ? found[0] : found.find(({ mode }) => mode !== 'physical');
}

async function gatewaysOf(reader: Reader, network_id: number): Promise<RowOf<'interface'>[]> {
  return await holdersOf(reader, await reader.find('ip_lease', { network_id }), 'simulated');
}

/** Guests at the addresses at which gateways usually are: the first and the last of the network. */
async function interfacesAtGatewayAddresses(reader: Reader, network: RowOf<'network'>): Promise<RowOf<'interface'>[]> {
  const size = 2 ** (32 - network.ipv4_prefix);
  const first = Math.floor(network.ipv4_network / size) * size;
  const usual = new Set([first + 1, first + size - 2]);
  const leases = await reader.find('ip_lease', { network_id: network.id });
  const holders = await holdersOf(
    reader,
    leases.filter(({ ipv4_address }) => usual.has(ipv4_address)),
    'vif',
  );
  const routed = new Set((await reader.find('route', {})).map(({ interface_id }) => interface_id));
  return holders.filter(({ id }) => routed.has(id));
}

/** A router with a route to a network. */
async function routerOf(reader: Reader, network_id: number): Promise<RowOf<'route_link'> | undefined> {
  const [route] = await reader.find('route', { network_id }, { limit: 1 });
  return route && (await reader.get('route_link', route.route_link_id));
}

async function holdersOf(
  reader: Reader,
  leases: readonly RowOf<'ip_lease'>[],
  mode: RowOf<'interface'>['mode'],
): Promise<RowOf<'interface'>[]> {
  const id = leases.flatMap(({ interface_id }) => interface_id ?? []);
  return id.length === 0 ? [] : (await reader.find('interface', { id })).filter((each) => each.mode === mode);
}

function addRoute(gateway: string, link: string, network: RowOf<'network'>): string {
  return `Use: ${command(...routeWords(gateway, link, network))}`;
}
