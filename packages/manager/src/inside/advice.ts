/**
 * What would let a packet through: from why an agent says that it does not arrive, and from all that is registered. Each
 * is a sentence that ends in a command.
 */
import { ipv4ToText, type RowOf, shell, type TraceCause } from '@openvnet/model';
import type { Reader } from '@openvnet/store';

type Causes = { readonly [W in TraceCause['what']]: Extract<TraceCause, { what: W }> };
type Advice = { readonly [W in TraceCause['what']]: (reader: Reader, cause: Causes[W]) => Promise<string[]> };

/** Empty where nothing that is registered tells what to do. */
export function adviceFor(reader: Reader, cause: TraceCause): Promise<string[]> {
  const advise = advice[cause.what] as (reader: Reader, cause: TraceCause) => Promise<string[]>;
  return advise(reader, cause);
}

const advice: Advice = {
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
        `${shut.uuid} leads to ${ipv4ToText(to)}, and its egress is false. Use: ${shell`vnctl route modify ${shut.uuid} --egress true`}`,
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
        `${elsewhere.uuid} leads to ${ipv4ToText(to)}, and belongs to ${other?.uuid}, not to ${link.uuid}. Use: ${shell`vnctl route del ${elsewhere.uuid}`}${again ?? ''}`,
      ];
    }
    if (!network) return [`no network has ${ipv4ToText(to)}. Use: vnctl network list`];
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
        `${own.uuid} of ${link.uuid} leads to ${range} only, which is less than ${network.uuid}. Use: ${shell`vnctl route del ${own.uuid}`} && ${command(...routeWords(gateway.uuid, link.uuid, network))}`,
      ];
    return [
      `${ipv4ToText(to)} is in ${network.uuid}, and no route of ${link.uuid} leads there. ${addRoute(gateway.uuid, link.uuid, network)}`,
    ];
  },

  async unknown_address(reader, { network_id, address }) {
    const network = await reader.get('network', network_id);
    if (!network) return [];
    const text = ipv4ToText(address);
    if (network.mode === 'physical' && !(await hasUplink(reader, network_id)))
      return [
        `${network.uuid} is physical and has no uplink, so stations outside are not reached. Use: ${shell`vnctl interface add --mode host --network-uuid ${network.uuid} --port-name PORT --ipv4-address ADDRESS`}`,
      ];
    if (!covers(network, address)) return [`${text} is outside ${network.uuid} (${rangeOf(network)})`];
    return [
      `Register the guest that has it. Use: ${shell`vnctl interface add --network-uuid ${network.uuid} --ipv4-address ${text} --port-name PORT`}`,
    ];
  },

  async silent_station(reader, { network_id, address }) {
    const network = await reader.get('network', network_id);
    if (!network) return [];
    const text = ipv4ToText(address);
    const what = `${text} has not answered for its MAC address in ${network.uuid}`;
    const beyond = (await reader.find('route', { network_id })).find(
      (route) => route.egress && (route.next_hop_ipv4_address === address || route.ipv4_prefix < network.ipv4_prefix),
    );
    const gateway = beyond && (await reader.get('interface', beyond.interface_id));
    const link = beyond && (await reader.get('route_link', beyond.route_link_id));
    if (!gateway || !link) return [`${what}: is it there? On the host, use: ping ${text}`];
    const again = routeWords(gateway.uuid, link.uuid, { ...network, ...beyond, uuid: network.uuid });
    return [
      `${what}. Where it is not the next router of ${beyond.uuid}, use: ${command('route', 'del', beyond.uuid)} && ${command(...again)} --next-hop-ipv4-address ADDRESS`,
    ];
  },

  async untranslated(reader, { interface_id, address, route_link_id }) {
    const own = await reader.get('interface', interface_id);
    if (!own) return [];
    const translations = await reader.find('translation', { interface_id });
    const [first] = translations;
    if (!first)
      return [
        `${own.uuid} translates addresses and has no translation, so nothing is routed there. Use: ${shell`vnctl interface modify ${own.uuid} --enable-route-translation false`}`,
      ];
    const text = ipv4ToText(address);
    const entries = await reader.find('translation_static_address', {
      translation_id: translations.map(({ id }) => id),
    });
    const other = entries.find(
      (entry) =>
        entry.route_link_id !== null &&
        entry.route_link_id !== route_link_id &&
        [entry.ingress_ipv4_address, entry.egress_ipv4_address].includes(address),
    );
    const entryWords = (outside: string, inside: string): string[] => [
      '--ingress-ipv4-address',
      outside,
      '--egress-ipv4-address',
      inside,
    ];
    if (other) {
      const { uuid } = translations.find(({ id }) => id === other.translation_id)!;
      const words = entryWords(ipv4ToText(other.ingress_ipv4_address), ipv4ToText(other.egress_ipv4_address));
      const [of, wanted] = [
        await reader.get('route_link', other.route_link_id!),
        await reader.get('route_link', route_link_id),
      ];
      const remove = command('translation', 'static-address', 'del', uuid, ...words);
      const add = command('translation', 'static-address', 'add', uuid, ...words);
      return [
        `an entry of ${uuid} translates ${text} for ${of?.uuid} only${wanted ? `, and the packet is of ${wanted.uuid}` : ''}. Use: ${remove} && ${add}`,
      ];
    }
    const add = command('translation', 'static-address', 'add', first.uuid, ...entryWords('OUTSIDE', 'INSIDE'));
    const pass = command('translation', 'modify', first.uuid, '--passthrough', 'true');
    return [`no entry of ${first.uuid} is of ${text}. Use: ${add}, or for what is not translated to pass: ${pass}`];
  },

  async too_large(reader, { network_id, size }) {
    const network = await reader.get('network', network_id);
    if (!network) return [];
    return [
      `${network.uuid} takes packets of up to ${network.mtu} bytes. Where its links take more, use: ${shell`vnctl network modify ${network.uuid} --mtu ${size}`}`,
    ];
  },

  async filtered(reader, { interface_id, direction, protocol, peer, port }) {
    const own = await reader.get('interface', interface_id);
    if (!own) return [];
    const filters = await reader.find('filter', { interface_id });
    const way = direction === 'ingress' ? 'receives' : 'sends';
    const [first] = filters;
    if (!first)
      return [
        `${own.uuid} filters what it ${way} and has no filter, so only ARP and DHCP pass (${direction}). Use: ${shell`vnctl interface modify ${own.uuid} --enable-filtering false`}, or give it a filter: ${shell`vnctl filter add --interface-uuid ${own.uuid} --mode static`}`,
      ];
    const rules = (await reader.find('filter_static', { filter_id: filters.map(({ id }) => id) })).filter((rule) =>
      isAbout(rule, protocol, peer, direction === 'ingress' ? port : undefined),
    );
    const dropping = longest(rules.filter(({ action }) => action === 'drop'));
    const address = ipv4ToText(peer);
    const words = ruleWords({ protocol, address, direction, port });
    const allow = command('filter', 'static', 'add', first.uuid, ...words, '--action', 'pass');
    if (dropping) {
      const filter = filters.find(({ id }) => id === dropping.filter_id)!;
      const remove = command('filter', 'static', 'del', filter.uuid, ...wordsOf(dropping));
      return [`a rule of ${filter.uuid} drops it: ${wordsOf(dropping).join(' ')} --action drop. Use: ${remove}`];
    }
    const strict = filters.filter((filter) => !filter[`${direction}_passthrough`]).map(({ uuid }) => uuid);
    const pass = command('filter', 'modify', strict[0] ?? first.uuid, `--${direction}-passthrough`, 'true');
    const what = protocol === 'icmp' ? protocol : `${protocol} port ${port}`;
    return [
      `no rule of ${filters.map(({ uuid }) => uuid).join(', ')} lets ${what} ${direction === 'ingress' ? 'in from' : 'out to'} ${address}, and ${strict.join(', ')} passes nothing else (${direction}_passthrough false). Use: ${allow}, or for everything: ${pass}`,
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
  const what = `${route.uuid} leads to ${rangeOf(route)} by ${gateway.uuid}, which has no address in ${network.uuid}`;
  if (!other)
    return [`${what}. Use: ${command('router', 'add', '--network', network.uuid, '--route-link-uuid', link.uuid)}`];
  const again = command(...routeWords(other.uuid, link.uuid, network));
  return [`${what}. Use: ${command('route', 'del', route.uuid)} && ${again}`];
}

function notSimulated({ uuid, mode }: RowOf<'interface'>): string {
  return `${uuid} is of mode ${mode}; a gateway is of mode simulated. Use: ${shell`vnctl interface modify ${uuid} --mode simulated`}`;
}

/** Whether an interface joins a network to one outside. */
async function hasUplink(reader: Reader, network_id: number): Promise<boolean> {
  const rows = [
    ...(await reader.find('ip_lease', { network_id })),
    ...(await reader.find('interface_network', { network_id })),
    ...(await reader.find('datapath_network', { network_id })),
  ];
  const id = rows.flatMap(({ interface_id }) => interface_id ?? []);
  if (id.length === 0) return false;
  return (await reader.find('interface', { id })).some(({ mode }) => uplinkModes.has(mode));
}

const uplinkModes = new Set<RowOf<'interface'>['mode']>(['host', 'patch', 'promiscuous']);

function letIn({ uuid }: RowOf<'route'>, whom: string): string {
  return `${uuid} would let ${whom} in, and its ingress is false. Use: ${shell`vnctl route modify ${uuid} --ingress true`}`;
}

/** A command of `vnctl` for people to copy. */
function command(...words: string[]): string {
  return shell`vnctl ${words}`;
}

interface Range {
  readonly ipv4_network: number;
  readonly ipv4_prefix: number;
}

function covers({ ipv4_network, ipv4_prefix }: Range, address: number): boolean {
  const size = 2 ** (32 - ipv4_prefix);
  return Math.floor(address / size) === Math.floor(ipv4_network / size);
}

function rangeOf({ ipv4_network, ipv4_prefix }: Range): string {
  return `${ipv4ToText(ipv4_network)}/${ipv4_prefix}`;
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

function routeWords(gateway: string, link: string, network: RowOf<'network'>): string[] {
  const to = ['--network-uuid', network.uuid, '--ipv4-network', rangeOf(network)];
  return ['route', 'add', '--interface-uuid', gateway, '--route-link-uuid', link, ...to];
}

function addRoute(gateway: string, link: string, network: RowOf<'network'>): string {
  return `Use: ${command(...routeWords(gateway, link, network))}`;
}

type Rule = RowOf<'filter_static'>;

function isAbout(rule: Rule, protocol: string, peer: number, port: number | undefined): boolean {
  if (rule.protocol !== 'ip' && rule.protocol !== 'all' && rule.protocol !== protocol) return false;
  if (!covers({ ipv4_network: rule.src_address, ipv4_prefix: rule.src_prefix }, peer)) return false;
  return !rule.dst_port || port === undefined || rule.dst_port === port;
}

function longest(rules: readonly Rule[]): Rule | undefined {
  return [...rules].sort((a, b) => b.src_prefix + b.dst_prefix - a.src_prefix - a.dst_prefix)[0];
}

/** A rule for a packet of one side: its other side's address, and the port of whoever serves. */
function ruleWords(one: { protocol: string; address: string; direction: string; port: number }): string[] {
  const { protocol, address, direction, port } = one;
  const ports = port === 0 ? [] : [direction === 'ingress' ? '--dst-port' : '--src-port', String(port)];
  return ['--protocol', protocol, '--src-address', address, ...ports];
}

/** A rule as `vnctl filter static del` names it. */
function wordsOf(rule: Rule): string[] {
  const side = (name: 'src' | 'dst'): string[] => {
    const [address, prefix, port] = [rule[`${name}_address`], rule[`${name}_prefix`], rule[`${name}_port`]];
    return [
      ...(prefix > 0 ? [`--${name}-address`, `${ipv4ToText(address)}/${prefix}`] : []),
      ...(port ? [`--${name}-port`, String(port)] : []),
    ];
  };
  return ['--protocol', rule.protocol, ...side('src'), ...side('dst')];
}
