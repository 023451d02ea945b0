import { beforeEach, describe, expect, it } from 'vitest';
import {
  datapathId,
  filteringRow,
  filterRow,
  interfaceRows,
  networkRows,
  routeRows,
  routingLease,
  TestModel,
  TestSwitch,
  translatingRow,
  translationRows,
} from '../testing/model.ts';
import { type Inspected, readShownFlows } from './flows.ts';

let vswitch: TestSwitch;
let model: TestModel;

/** Networks 1 and 2 joined by a router, a guest in each. */
beforeEach(() => {
  model = new TestModel();
  for (const row of [
    ...networkRows(1),
    ...networkRows(2),
    ...interfaceRows(11, 1, 0x0a000101),
    ...interfaceRows(21, 2, 0x0a000201),
    ...interfaceRows(101, 1, 0x0a0001fe, 'simulated'),
    ...interfaceRows(102, 2, 0x0a0002fe, 'simulated'),
    ...routeRows(1, 1, 101, 1),
    ...routeRows(2, 1, 102, 2),
  ])
    model.put(...row);
  vswitch = new TestSwitch(model).port(11).port(21);
});

/** Reads the flows as `vnctl flows` shows them, one line each. */
async function lines(kind?: string, id = 0, table?: string): Promise<string[]> {
  const { flows } = await readShownFlows([vswitch.inspected()], {
    about: 'flows',
    ...(kind !== undefined && { object: { kind, id } }),
    ...(table !== undefined && { table }),
  });
  return flows.map(({ table, feature, object_uuid, interface_uuid, match, actions, next }) => {
    const matched = Object.entries(match).map(([name, value]) => `${name}=${value}`);
    const does = [...actions, ...(next ? [`goto ${next}`] : [])];
    return `${table} ${feature} ${object_uuid} ${interface_uuid}: ${matched.join(' ')} -> ${does.join(' ')}`;
  });
}

describe('flows', () => {
  it('of an interface are those of its leases too, by names', async () => {
    expect(await lines('interface', 11)).toMatchInlineSnapshot(`
      [
        "admit guard il-11 if-11: in_port=if-11 eth_src=52:54:00:00:00:0b eth_type=arp vlan_vid=none arp_spa=10.0.1.1 arp_sha=52:54:00:00:00:0b -> domain=nw-1 goto dispatch",
        "admit guard il-11 if-11: in_port=if-11 eth_src=52:54:00:00:00:0b eth_type=ipv4 vlan_vid=none ipv4_src=10.0.1.1 -> domain=nw-1 goto dispatch",
        "admit refused if-11 if-11: in_port=if-11 -> agent(refused)",
        "neighbour neighbour il-11 if-11: domain=nw-1 target_ip=10.0.1.1 -> target_mac=52:54:00:00:00:0b known=1",
        "forward delivery ml-11 if-11: eth_dst=52:54:00:00:00:0b domain=nw-1 -> out_port=if-11 goto output",
      ]
    `);
  });

  it('of a route show the logical router and the gateway by uuid', async () => {
    expect(await lines('route', 2)).toMatchInlineSnapshot(`
      [
        "route_in route r-2 if-102: eth_type=ipv4 ipv4_src=10.0.2.0/24 gateway=if-102 -> route_link=rl-1 goto route_out",
        "route_out route r-2 if-102: eth_type=ipv4 ipv4_dst=10.0.2.0/24 route_link=rl-1 -> domain=nw-2 gateway_mac=52:54:00:00:00:66 target_ip=ipv4_dst ask(neighbour) goto routed_size",
      ]
    `);
  });

  it('of a filter are those of its interface, and the rules that this shares with others', async () => {
    model.put(...filteringRow(11, true)).put(...filterRow(1, 11, { egress: true, ingress: false }));
    const found = await lines('filter', 1);
    expect(new Set(found.map((line) => line.split(' ').slice(0, 2).join(' ')))).toEqual(
      new Set(['egress_filter filter', 'ingress_filter filter', 'egress_rules filter_rules']),
    );
    model.put(...filteringRow(11, false));
    expect(await lines('filter', 1)).toEqual([]);
  });

  it('of a network are in that network only', async () => {
    const found = await lines('network', 1);
    expect(found.filter((line) => line.includes('nw-2'))).toEqual([]);
    expect(new Set(found.map((line) => line.split(' ')[1]))).toEqual(
      new Set(['guard', 'neighbour', 'delivery', 'broadcast', 'flood', 'route']),
    );
  });

  it('of a part that has no name are of what it is part of', async () => {
    const entry = { ingress_ipv4_address: 0x0a000264, egress_ipv4_address: 0x0a000101 };
    model.put(...translatingRow(102)).put(...routingLease(202, 102, 2, 0x0a000264));
    for (const row of translationRows(1, 102, [entry])) model.put(...row);
    const translated = (await lines(undefined, 0, 'translate_out')).filter((line) => line.includes(' translation '));
    expect(new Set(translated.map((line) => line.split(':')[0]))).toEqual(
      new Set(['translate_out translation tr-1 if-102']),
    );
  });

  it('of a table are all of that table, with its miss', async () => {
    expect((await lines(undefined, 0, 'neighbour')).map((line) => line.split(' ')[1])).toEqual([
      ...Array.from({ length: 4 }, () => 'neighbour'),
      'miss',
    ]);
    const { notes } = await readShownFlows([vswitch.inspected()], { about: 'flows', table: 'nonsense' });
    expect(notes).toEqual([expect.stringContaining('there is no table nonsense; there are admit, ')]);
  });

  it('are not read of a switch that is away, which is said', async () => {
    const away: Inspected = { ...vswitch.inspected(), connection: undefined };
    expect((await readShownFlows([away], { about: 'flows' })).notes).toEqual([
      `the flows of ${away.dpid} cannot be read: the switch is not connected`,
    ]);
    const other = await readShownFlows([away], { about: 'flows', datapath_id: datapathId + 1 });
    expect(other).toEqual({ flows: [], features: {}, notes: [] });
  });
});
