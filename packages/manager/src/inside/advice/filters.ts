import { ipv4ToText, type RowOf, shell } from '@openvnet/model';
import { type Advice, command, covers } from './words.ts';

/** Packets that the filters of an interface do not let pass. */
export const filters: Pick<Advice, 'filtered'> = {
  async filtered(reader, { interface_id, direction, protocol, peer, port }) {
    const own = await reader.get('interface', interface_id);
    if (!own) return [];
    const filters = await reader.find('filter', { interface_id });
    const way = direction === 'ingress' ? 'receives' : 'sends';
    const [first] = filters;
    if (!first)
      return [
        `${own.uuid} filters what it ${way} but has no filter, so only ARP and DHCP pass (${direction}). Use: ${shell`vnctl interfaces modify ${own.uuid} --enable-filtering false`}, or give it a filter: ${shell`vnctl filters add --interface-uuid ${own.uuid} --mode static`}`,
      ];
    const rules = (await reader.find('filter_static', { filter_id: filters.map(({ id }) => id) })).filter((rule) =>
      isAbout(rule, protocol, peer, direction === 'ingress' ? port : undefined),
    );
    const dropping = longest(rules.filter(({ action }) => action === 'drop'));
    const address = ipv4ToText(peer);
    const words = ruleWords({ protocol, address, direction, port });
    const allow = command('filters', 'static', 'add', first.uuid, ...words, '--action', 'pass');
    if (dropping) {
      const filter = filters.find(({ id }) => id === dropping.filter_id)!;
      const remove = command('filters', 'static', 'del', filter.uuid, ...wordsOf(dropping));
      return [`a rule of ${filter.uuid} drops it: ${wordsOf(dropping).join(' ')} --action drop. Use: ${remove}`];
    }
    const strict = filters.filter((filter) => !filter[`${direction}_passthrough`]).map(({ uuid }) => uuid);
    const pass = command('filters', 'modify', strict[0] ?? first.uuid, `--${direction}-passthrough`, 'true');
    const what = protocol === 'icmp' ? protocol : `${protocol} port ${port}`;
    return [
      `no rule of ${filters.map(({ uuid }) => uuid).join(', ')} lets ${what} ${direction === 'ingress' ? 'in from' : 'out to'} ${address}, and ${strict.join(', ')} passes nothing else (${direction}_passthrough false). Use: ${allow}, or for everything: ${pass}`,
    ];
  },
};

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

/** A rule as `vnctl filters static del` names it. */
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
