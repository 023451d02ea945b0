/** Every command that the original has, with its options, run one after the other; and what the API takes besides. */
import { startManager } from '@openvnet/manager';
import { kinds, parametersOf, resourceOf } from '@openvnet/model';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from './index.ts';
import { createProgram } from './program.ts';

const made = `
datapaths add --uuid dp-a --display-name a --dpid 0x1 --node-id n1 --enable-ovs-learn-action
segments add --uuid seg-a --mode virtual
topologies add --uuid topo-u --mode simple_underlay
topologies add --uuid topo-o --mode simple_overlay
networks add --uuid nw-a --mode virtual --ipv4-network 10.0.0.0 --ipv4-prefix 24 --display-name a --domain-name a.test
networks add --uuid nw-b --network-mode virtual --ipv4-network 10.1.0.0 --segment-uuid seg-a --topology-uuid topo-o
segments add --uuid seg-b --mode virtual --topology-uuid topo-o
route_links add --uuid rl-a --topology-uuid topo-o --mac-address 52:54:00:00:01:01
mac_range_groups add --uuid mrg-a --allocation-type random
mac_range_groups mac_ranges add mrg-a --uuid mr-a --begin-mac-address 52:54:01:00:00:00 --end-mac-address 52:54:01:00:ff:ff
interfaces add --uuid if-a --mode vif --network-uuid nw-a --mac-address 52:54:00:00:00:01 --ipv4-address 10.0.0.1 --port-name p1 --enable-routing --enable-route-translation=false --no-enable-filtering
interfaces add --uuid if-s --mode simulated --segment-uuid seg-a --mac-range-group-uuid mrg-a --display-name s
interfaces add --uuid if-h --mode host --owner-datapath-uuid dp-a --network-uuid nw-a --mac-address 52:54:00:00:00:02 --ipv4-address 10.0.0.2 --port-name eth0
datapaths networks add dp-a nw-a --mac-address 52:54:00:00:02:01 --interface-uuid if-h
datapaths segments add dp-a seg-a --mac-address 52:54:00:00:02:02 --interface-uuid if-h
datapaths route_links add dp-a rl-a --mac-address 52:54:00:00:02:03 --interface-uuid if-h
mac_leases add --uuid ml-a --interface-uuid if-s --mac-address 52:54:00:00:00:09 --segment-uuid seg-a
ip_leases add --uuid il-a --ipv4-address 10.0.0.9 --network-uuid nw-a --mac-lease-uuid ml-a --enable-routing
ip_leases add --uuid il-b --ipv4-address 10.0.0.10 --network-uuid nw-a --interface-uuid if-a
network_services add --uuid ns-a --mode dns --interface-uuid if-s --display-name d --incoming-port 53 --outgoing-port 53
network_services add --uuid ns-b --type dhcp --interface-uuid if-s
dns_services add --uuid dnss-a --network-service-uuid ns-a --public-dns 192.0.2.53
dns_services dns_records add dnss-a --uuid dnsr-a --name www --ipv4-address 10.0.0.1
routes add --uuid r-a --interface-uuid if-s --route-link-uuid rl-a --network-uuid nw-a --ipv4-network 10.0.0.0 --ipv4-prefix 24 --ingress --no-egress
ip_range_groups add --uuid iprg-a --allocation-type incremental
ip_range_groups ip_ranges add iprg-a --uuid ipr-a --begin-ipv4-address 10.0.0.100 --end-ipv4-address 10.0.0.110
ip_lease_containers add --uuid ilc-a
ip_retention_containers add --uuid irc-a --lease-time 3600 --grace-time 60
lease_policies add --uuid lp-a --timing immediate --mode simple
lease_policies networks add lp-a nw-a --ip-range-group-uuid iprg-a
lease_policies ip_lease_containers add lp-a ilc-a --label x
lease_policies ip_retention_containers add lp-a irc-a
lease_policies interfaces add lp-a if-a --label x
lease_policies ip_leases lp-a --ip-lease-uuid il-c
filters add --uuid fil-a --interface-uuid if-a --mode static --egress-passthrough --no-ingress-passthrough
filters static add fil-a --protocol tcp --src-address 10.0.0.0/8 --dst-address 10.0.0.1 --src-port 1 --dst-port 2 --action pass
translations add --uuid tr-a --interface-uuid if-s --mode static_address --passthrough
translations static_address add tr-a --ingress-ipv4-address 192.0.2.1 --egress-ipv4-address 10.0.0.1 --ingress-port-number 80 --egress-port-number 8080 --route-link-uuid rl-a --ingress-network-uuid nw-a --egress-network-uuid nw-b
topologies datapaths add topo-u dp-a --interface-uuid if-h
topologies mac_range_groups add topo-u mrg-a
topologies underlays add topo-o topo-u
topologies networks add topo-o nw-a
topologies segments add topo-o seg-a
topologies route_links add topo-u rl-a`;

const changed = `
datapaths modify dp-a --display-name b
networks modify nw-a --display-name b --domain-name b.test
interfaces modify if-a --enable-routing --no-enable-route-translation --owner-datapath-uuid dp-a --enable-filtering --display-name b
interfaces ports show if-a
interfaces ports del if-a --port-name p1
interfaces ports add if-a --datapath-uuid dp-a --port-name p2 --singular
interfaces networks modify if-a nw-b --static
interfaces segments modify if-a seg-a --static true
interfaces route_links modify if-a rl-a --static=true
mac_leases modify ml-a --interface-uuid if-s --segment-uuid seg-b
ip_leases modify il-a --no-enable-routing
ip_leases release il-a
ip_leases attach il-a --interface-uuid if-s
dns_services modify dnss-a --public-dns 192.0.2.54
network_services modify ns-a --display-name e
ip_lease_containers modify ilc-a
ip_lease_containers ip_leases ilc-a
ip_retention_containers modify irc-a --lease-time 60 --grace-time 6
ip_retention_containers ip_retentions irc-a
ip_range_groups modify iprg-a --allocation-type decremental
mac_range_groups modify mrg-a --allocation-type random
lease_policies modify lp-a --timing dhcp
filters modify fil-a --no-egress-passthrough --ingress-passthrough
topologies modify topo-u`;

const removed = `
topologies route_links del topo-u rl-a
topologies segments del topo-o seg-a
topologies networks del topo-o nw-a
topologies underlays del topo-o topo-u
topologies mac_range_groups del topo-u mrg-a
topologies datapaths del topo-u dp-a
translations static_address del tr-a --ingress-ipv4-address 192.0.2.1 --egress-ipv4-address 10.0.0.1 --ingress-port-number 80
filters static del fil-a --protocol tcp --src-address 10.0.0.0/8 --dst-address 10.0.0.1 --src-port 1 --dst-port 2 --action pass
lease_policies interfaces del lp-a if-a
lease_policies ip_retention_containers del lp-a irc-a
lease_policies ip_lease_containers del lp-a ilc-a
lease_policies networks del lp-a nw-a
ip_range_groups ip_ranges del iprg-a ipr-a
mac_range_groups mac_ranges del mrg-a mr-a
dns_services dns_records del dnss-a dnsr-a
datapaths networks del dp-a nw-a
datapaths segments del dp-a seg-a
datapaths route_links del dp-a rl-a
translations del tr-a
filters del fil-a
lease_policies del lp-a
ip_retention_containers del irc-a
ip_lease_containers del ilc-a
ip_range_groups del iprg-a
dns_services del dnss-a
network_services del ns-a ns-b
routes del r-a
ip_leases del il-a il-b
mac_leases del ml-a
interfaces del if-a if-s if-h
route_links del rl-a
mac_range_groups del mrg-a
topologies del topo-o topo-u
networks del nw-a nw-b
segments del seg-a seg-b
datapaths del dp-a`;

const linesOf = (text: string): string[] => text.trim().split('\n');
/** Each list of objects, and of what hangs below one. */
const shown = kinds.flatMap((kind) => {
  const { nested, plural } = resourceOf(kind);
  if (nested?.operations === 'list') return [];
  if (!nested) return [`${plural} show --limit 5 --offset 0`];
  const parent = linesOf(made).find((line) => line.startsWith(`${resourceOf(nested.of).plural} add --uuid `))!;
  return [`${resourceOf(nested.of).plural} ${nested.name} show ${parent.split(' ')[3]} --limit 5 --offset 0`];
});

describe('every command of the original', () => {
  it('is taken, with its options, and done', { timeout: 60_000 }, async () => {
    const logger = pino({ level: 'silent' });
    const manager = await startManager({ listen: { host: '127.0.0.1', port: 0 }, store: 'memory', logger });
    for (const line of [...linesOf(made), ...linesOf(changed), ...shown, ...linesOf(removed)]) {
      let err = '';
      const code = await runCommandLine(line.split(' '), {
        out: () => undefined,
        err: (text) => {
          err += text;
        },
        fancy: false,
        env: { OPENVNET_API: manager.url, HOME: '/nowhere' },
      });
      expect.soft([code, err], line).toEqual([0, '']);
    }
    await manager.close();
  });

  it('is taken with the options that have no effect, and a note', async () => {
    const logger = pino({ level: 'silent' });
    await using manager = await startManager({ listen: { host: '127.0.0.1', port: 0 }, store: 'memory', logger });
    for (const [line, note] of [
      ['interfaces add --uuid if-a --mode vif --mac-address 52:54:00:00:00:01', ''],
      ['mac_leases add --uuid ml-a --interface-uuid if-a --mac-address 52:54:00:00:00:02', ''],
      ['mac_leases modify ml-a --mac-address 52:54:00:00:00:03', '--mac-address is ignored'],
      ['network_services add --uuid ns-a --mode dns', ''],
      ['network_services modify ns-a --incoming-port 53 --display-name a', '--incoming-port is ignored'],
      ['topologies add --uuid topo-a --mode simple_overlay', ''],
      ['topologies modify topo-a --mode simple_underlay', '--mode is ignored'],
    ]) {
      let err = '';
      const io = { out: () => undefined, fancy: false };
      const code = await runCommandLine(line!.split(' '), {
        ...io,
        err: (text) => {
          err += text;
        },
        env: { OPENVNET_API: manager.url, HOME: '/nowhere' },
      });
      expect([code, err], line).toEqual([0, note === '' ? '' : expect.stringContaining(`vnctl: note: ${note}`)]);
    }
  });

  it('and everything that the API takes where it makes an object is an option', () => {
    const root = createProgram({ out: () => undefined, err: () => undefined, fancy: false, env: {} });
    for (const kind of kinds) {
      const { nested, plural } = resourceOf(kind);
      if (nested && nested.operations !== undefined && nested.operations !== 'add') continue;
      const words = nested ? [resourceOf(nested.of).plural, nested.name, 'add'] : [plural, 'add'];
      const command = words.reduce((found, word) => found.commands.find((one) => one.name() === word)!, root);
      const options = command.options.map(({ long }) => long);
      const inPath = command.registeredArguments.length;
      const names = parametersOf(resourceOf(kind)).map(([name]) => `--${name.replaceAll('_', '-')}`);
      expect(names.filter((name) => !options.includes(name)).length, words.join(' ')).toBe(inPath);
    }
  });
});
