/** Routers in one step: what joins networks by hand is a route link, and a gateway and a route for each of them. */
import {
  ApiError,
  ipv4ToText,
  isUuid,
  type Kind,
  macToText,
  networkAddress,
  type RouterAnswer,
  type RouterNetwork,
  type RowOf,
  reference,
  resourceOf,
} from '@openvnet/model';
import type { Transaction } from '@openvnet/store';
import type { Endpoint, Given, Parameter } from '../api/endpoint.ts';
import { addCommand, objectInPath, readParameters, requireUuid } from '../api/parameters.ts';
import { type Context, insertIn, type Writing } from '../api/resource-endpoints.ts';
import { usableOf } from '../behaviours/drawn-addresses.ts';
import { mapInOrder } from '../in-order.ts';

type Network = RowOf<'network'>;
type Gateway = RowOf<'interface'>;

const router = reference({
  to: 'route_link',
  optional: true,
  doc: 'An existing router to which the networks are added.',
});

const parameters: readonly Parameter[] = [
  {
    name: 'network_uuids',
    required: true,
    field: {
      type: 'text',
      optional: false,
      doc: 'The networks, as a list or separated by commas.',
      json: { type: ['string', 'array'], items: { type: 'string' } },
      read: (given) => {
        const uuids = typeof given === 'string' ? given.split(',') : given;
        if (!Array.isArray(uuids) || !uuids.every((uuid) => typeof uuid === 'string')) return undefined;
        return [...new Set(uuids.map((uuid) => uuid.trim()))];
      },
      explain: (given) => ({
        message: `Could not read uuids: ${JSON.stringify(given)}`,
        hint: 'network_uuids: expected uuids of networks, separated by commas',
      }),
    },
  },
  {
    name: 'uuid',
    required: false,
    field: {
      ...router,
      doc: 'Uuid of the router, which is created if it does not exist; by default named after the first network.',
    },
  },
  { name: 'route_link_uuid', required: false, field: router },
];

/** `POST /routers`. */
export function routerEndpoint({ store, around }: Context): Endpoint {
  return {
    method: 'POST',
    path: '/routers',
    doc: 'Connects networks by a router: creates a route link and, for each network, a gateway and a route, unless they exist. A network keeps its gateway.',
    group: 'routers',
    parameters,
    answer: { shape: 'object' },
    handle: async (call) => {
      const given = readParameters(parameters, call.given);
      const { value, revision } = await store.transaction(call.by, (tx) => addRouter({ tx, around }, given));
      call.wrote(revision);
      return value;
    },
  };
}

async function addRouter(writing: Writing, given: Given): Promise<RouterAnswer> {
  const { tx } = writing;
  const networks = await mapInOrder(
    given.network_uuids as string[],
    async (uuid) => await objectInPath(tx, 'network', requireUuid('network', uuid, 'uuid'), 'network_uuids'),
  );
  const found = await mapInOrder(networks, async (network) => ({ network, ...(await gatewayOf(tx, network)) }));
  const made: string[] = [];
  const link = await routerFor(writing, { given, found, made });
  await requireApart(tx, networks, link);
  const shown = await mapInOrder(found, async ({ network, gateway, route }): Promise<RouterNetwork> => {
    const own = gateway ?? (await makeGateway(writing, network, made));
    const way = route ?? (await makeRoute(writing, { network, gateway: own, link, made }));
    const [lease] = await tx.find('ip_lease', { interface_id: own.id, network_id: network.id }, { limit: 1 });
    const mac = lease?.mac_lease_id == null ? undefined : await tx.get('mac_lease', lease.mac_lease_id);
    return {
      network_uuid: network.uuid,
      interface_uuid: own.uuid,
      ipv4_address: lease ? ipv4ToText(lease.ipv4_address) : null,
      mac_address: mac ? macToText(mac.mac_address) : null,
      route_uuid: way.uuid,
    };
  });
  return { uuid: link.uuid, networks: shown, made };
}

/** Refuses to join networks that share addresses: a router could not tell where a packet is to go. */
async function requireApart(tx: Transaction, networks: readonly Network[], link: RowOf<'route_link'>): Promise<void> {
  const routes = await tx.find('route', { route_link_id: link.id });
  const id = routes.flatMap(({ network_id }) => network_id ?? []);
  const joined = id.length > 0 ? await tx.find('network', { id }) : [];
  for (const [i, one] of networks.entries()) {
    const other = [...joined, ...networks.slice(0, i)].find((each) => each.id !== one.id && sharesAddresses(each, one));
    if (!other) continue;
    const ranges = `${other.uuid} (${rangeOf(other)}) and ${one.uuid} (${rangeOf(one)})`;
    throw new ApiError('argument', `${ranges} overlap, so a router cannot tell their guests apart`, {
      hint: 'network_uuids: expected networks with different addresses; overlapping networks are joined by a translation at a gateway',
    });
  }
}

function sharesAddresses(a: Network, b: Network): boolean {
  const prefix = Math.min(a.ipv4_prefix, b.ipv4_prefix);
  return networkAddress(a.ipv4_network, prefix) === networkAddress(b.ipv4_network, prefix);
}

function rangeOf({ ipv4_network, ipv4_prefix }: Network): string {
  return `${ipv4ToText(ipv4_network)}/${ipv4_prefix}`;
}

interface Found {
  readonly network: Network;
  readonly gateway?: Gateway;
  /** The route by which the gateway leads to its network. */
  readonly route?: RowOf<'route'>;
}

/**
 * What a network has: the gateway with a route to it, or else a simulated interface that could be one. That of a service is
 * none, unless it has the address of one.
 */
async function gatewayOf(tx: Transaction, network: Network): Promise<Omit<Found, 'network'>> {
  let other: Gateway | undefined;
  for (const { interface_id, ipv4_address } of await tx.find('ip_lease', { network_id: network.id })) {
    const gateway = interface_id === null ? undefined : await tx.get('interface', interface_id);
    if (!gateway) continue;
    const routes = await tx.find('route', { interface_id: gateway.id, network_id: network.id });
    const route = routes.find((one) => one.ingress && one.egress);
    if (route) return { gateway, route };
    const offers = await tx.count('network_service', { interface_id: gateway.id });
    const couldBe = gateway.mode === 'simulated' && (offers === 0 || usableOf(network).includes(ipv4_address));
    if (couldBe) other ??= gateway;
  }
  return other ? { gateway: other } : {};
}

/** The router that is meant: the one that is named, that of the gateways which are there, or a new one. */
async function routerFor(
  writing: Writing,
  { given, found, made }: { given: Given; found: readonly Found[]; made: string[] },
): Promise<RowOf<'route_link'>> {
  const { tx } = writing;
  const { uuid, route_link_uuid } = given as { uuid?: string; route_link_uuid?: string };
  if (uuid !== undefined && route_link_uuid !== undefined && uuid !== route_link_uuid) {
    throw new ApiError('argument', `uuid ${uuid} and route_link_uuid ${route_link_uuid} name two routers`, {
      hint: 'expected only one of them',
    });
  }
  const named =
    route_link_uuid === undefined
      ? uuid && (await tx.byUuid('route_link', uuid))
      : await objectInPath(tx, 'route_link', route_link_uuid, 'route_link_uuid');
  const joined = found.filter(({ route }) => route);
  const [first] = joined;
  const link =
    named || (uuid === undefined && first ? (await tx.get('route_link', first.route!.route_link_id))! : undefined);
  const elsewhere = joined.find(({ route }) => route!.route_link_id !== link?.id);
  if (elsewhere) {
    const { uuid: its } = (await tx.get('route_link', elsewhere.route!.route_link_id))!;
    const others = found.filter(({ route }) => !route);
    const names = (others.length > 0 ? others : [elsewhere]).map(({ network }) => network.uuid);
    throw new ApiError(
      'argument',
      `${elsewhere.network.uuid} is already joined to router ${its} by ${elsewhere.gateway!.uuid}`,
      {
        hint: `Use: vnctl router add --network ${names.join(' --network ')} --route-link-uuid ${its}`,
      },
    );
  }
  return (
    link ??
    ((await makeNamed(
      writing,
      'route_link',
      uuid ?? `rl-${wordOf(found[0]!.network)}`,
      {},
      made,
    )) as RowOf<'route_link'>)
  );
}

async function makeGateway(writing: Writing, network: Network, made: string[]): Promise<Gateway> {
  const uuid = `if-${wordOf(network)}-gw`;
  const given = { mode: 'simulated', network_uuid: network.uuid };
  if (network.mode === 'physical') {
    const command = addCommand(
      'interface',
      `--uuid ${uuid} --mode simulated --network-uuid ${network.uuid} --ipv4-address ADDRESS`,
    );
    throw new ApiError(
      'argument',
      `${network.uuid} is physical and has no gateway, and its free addresses are unknown`,
      {
        hint: `Create the gateway first. Use: ${command}`,
      },
    );
  }
  return (await makeNamed(
    writing,
    'interface',
    uuid,
    { ...given, display_name: `gateway of ${network.uuid}` },
    made,
  )) as Gateway;
}

async function makeRoute(
  writing: Writing,
  { network, gateway, link, made }: { network: Network; gateway: Gateway; link: RowOf<'route_link'>; made: string[] },
): Promise<RowOf<'route'>> {
  const given = {
    interface_uuid: gateway.uuid,
    network_uuid: network.uuid,
    route_link_uuid: link.uuid,
    ipv4_network: ipv4ToText(network.ipv4_network),
    ipv4_prefix: network.ipv4_prefix,
  };
  return (await makeNamed(writing, 'route', `r-${wordOf(network)}`, given, made)) as RowOf<'route'>;
}

/** Makes an object, by a name of its own where `uuid` is taken or too long. */
async function makeNamed(
  writing: Writing,
  kind: Kind,
  uuid: string,
  given: Given,
  made: string[],
): Promise<RowOf<Kind>> {
  const isFree = isUuid(resourceOf(kind).idPrefix!, uuid) && !(await writing.tx.byUuid(kind, uuid));
  const row = await insertIn(writing, kind, { ...given, ...(isFree && { uuid }) });
  made.push(row.uuid);
  return row;
}

/** A uuid without its prefix. */
function wordOf({ uuid }: { readonly uuid: string }): string {
  return uuid.slice(uuid.indexOf('-') + 1);
}
