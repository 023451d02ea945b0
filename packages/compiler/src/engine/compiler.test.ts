import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { features } from '../features/index.ts';
import { meters } from '../pipeline/meters.ts';
import {
  filteringRow,
  filterRow,
  interfaceRows,
  networkRows,
  type Put,
  routeRows,
  routingLease,
  ruleRow,
  TestModel,
  TestSwitch,
  translatingRow,
  translationRows,
} from '../testing/model.ts';

/** One thing that happens: an object or a port comes or goes. */
type Step = { readonly row: Put } | { readonly port: number; readonly name: string };

const ip = (network: number, host: number): number => 0x0a000000 + network * 256 + host;

/** Everything of a small installation: overlapping networks, guests, gateways, routes of all kinds, filters, translations. */
function installation(): Step[] {
  const rows: Put[] = [
    ...networkRows(1),
    ...networkRows(2),
    ...networkRows(3, ip(1, 0)),
    ...[11, 13].flatMap((id) => interfaceRows(id, 1, ip(1, id))),
    ...interfaceRows(12, 1, ip(1, 12)).filter(([kind]) => kind !== 'interface'),
    filteringRow(12, true),
    ...[21, 22].flatMap((id) => interfaceRows(id, 2, ip(2, id))),
    ...[31, 32].flatMap((id) => interfaceRows(id, 3, ip(1, id - 20))),
    ...interfaceRows(101, 1, ip(1, 254), 'simulated'),
    ...interfaceRows(102, 2, ip(2, 254), 'simulated').filter(([kind]) => kind !== 'interface'),
    translatingRow(102),
    routingLease(202, 102, 2, ip(2, 100)),
    ...translationRows(1, 102, [
      { ingress_ipv4_address: ip(2, 100), egress_ipv4_address: ip(1, 11), route_link_id: 1 },
      {
        ingress_ipv4_address: ip(2, 100),
        egress_ipv4_address: ip(1, 12),
        ingress_port_number: 8080,
        egress_port_number: 80,
      },
      { ingress_ipv4_address: ip(2, 101), egress_ipv4_address: ip(1, 13) },
    ]),
    ...translationRows(4, 102, [], true),
    ...routeRows(1, 1, 101, 1),
    ...routeRows(2, 1, 102, 2),
    // Claims what route 2 has already.
    ...routeRows(3, 1, 101, 1, { ipv4_network: ip(2, 0) }),
    ...routeRows(4, 2, 101, 1, { ipv4_network: 0, ipv4_prefix: 0, ingress: false }),
    filterRow(1, 12),
    filterRow(2, 12, { egress: true, ingress: true }),
    ruleRow(1, 1, { protocol: 'tcp', dst_port: 80, action: 'pass' }),
    ruleRow(2, 1, { protocol: 'tcp', action: 'conn' }),
    // Says what rule 2 says, and otherwise.
    ruleRow(3, 2, { protocol: 'tcp', action: 'drop' }),
    ruleRow(4, 2, { protocol: 'arp', action: 'drop', src_address: ip(1, 11), src_prefix: 32 }),
    filterRow(3, 13),
  ];
  const ports = [11, 12, 13, 21, 22, 31, 32].map((port) => ({ port, name: `if-${port}` }));
  return [...rows.map((row) => ({ row })), ...ports];
}

function apply(model: TestModel, vswitch: TestSwitch, step: Step): void {
  if ('row' in step) model.put(...step.row);
  else vswitch.port(step.port, step.name);
}

function undo(model: TestModel, vswitch: TestSwitch, step: Step): void {
  if ('row' in step) model.remove(step.row[0], step.row[1].id);
  else vswitch.unplug(step.port);
}

/** The flows of a switch that is new and finds everything there. */
function fromNothing(model: TestModel, ports: readonly Step[]): string {
  const vswitch = new TestSwitch(model);
  for (const step of ports) if ('port' in step) apply(model, vswitch, step);
  return vswitch.text();
}

const steps = installation();
const shuffled = fc.shuffledSubarray(steps, { minLength: steps.length, maxLength: steps.length });

describe('the compiler', () => {
  it('gives the same flows whatever the order in which objects and ports come', () => {
    const wanted = fromNothing(new TestModel(), []).length;
    const model = new TestModel();
    for (const step of steps) if ('row' in step) model.put(...step.row);
    const flows = fromNothing(model, steps);
    expect(flows.length).toBeGreaterThan(wanted);
    fc.assert(
      fc.property(
        shuffled,
        fc.array(fc.boolean(), { minLength: steps.length, maxLength: steps.length }),
        (order, updates) => {
          const other = new TestModel();
          const vswitch = new TestSwitch(other);
          for (const [i, step] of order.entries()) {
            apply(other, vswitch, step);
            if (updates[i]) vswitch.compiler.update();
          }
          expect(vswitch.text()).toBe(flows);
        },
      ),
    );
  });

  it('gives what a compiler made anew gives, after any changes, and none of it is left when everything is gone', () => {
    const empty = fromNothing(new TestModel(), []);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(steps.length - 1), fc.boolean()), { maxLength: 80 }), (changes) => {
        const model = new TestModel();
        const vswitch = new TestSwitch(model);
        const present = new Set<Step>();
        for (const [at, update] of changes) {
          const step = steps[at]!;
          if (present.delete(step)) undo(model, vswitch, step);
          else {
            apply(model, vswitch, step);
            present.add(step);
          }
          if (update) vswitch.compiler.update();
        }
        expect(vswitch.text()).toBe(fromNothing(model, [...present]));
        for (const step of present) undo(model, vswitch, step);
        expect(vswitch.text()).toBe(empty);
        expect([...vswitch.compiler.waits()]).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('computes only what a change concerns, however much there is', () => {
    const cost = (networks: number): number => {
      const model = new TestModel();
      const vswitch = new TestSwitch(model);
      for (let network = 1; network <= networks; network++) {
        for (const row of networkRows(network)) model.put(...row);
        for (let host = 1; host <= 5; host++) {
          const id = network * 100 + host;
          for (const row of interfaceRows(id, network, ip(network, host))) model.put(...row);
          vswitch.port(id);
        }
      }
      vswitch.compiler.update();
      const before = vswitch.compiler.computed;
      // Another port has the meter already, in either case.
      const id = 101 + 40 * meters.requests.each;
      for (const row of interfaceRows(id, 1, ip(1, 77))) model.put(...row);
      vswitch.port(id);
      vswitch.compiler.update();
      return vswitch.compiler.computed - before;
    };
    expect(cost(100)).toBe(cost(2));
    expect(cost(2)).toBeLessThan(20);
  });

  it('touches only the flows of what changed', () => {
    const model = new TestModel();
    const vswitch = new TestSwitch(model);
    for (const step of steps) apply(model, vswitch, step);
    vswitch.compiler.update();
    vswitch.compiler.flows.takeTouched();
    for (const row of interfaceRows(11, 1, ip(1, 11))) model.put(...row);
    vswitch.compiler.update();
    expect(vswitch.compiler.flows.takeTouched().size).toBe(0);
    vswitch.unplug(11);
    vswitch.compiler.update();
    // Guard (2), refused, neighbour, delivery, the part of the network's ports (2), and its meters (3).
    expect(vswitch.compiler.flows.takeTouched().size).toBe(10);
  });

  it('reports a flow that two items claim, once', () => {
    const model = new TestModel();
    const vswitch = new TestSwitch(model);
    for (const step of steps) apply(model, vswitch, step);
    vswitch.compiler.update();
    expect([...vswitch.compiler.flows.conflicts()]).toHaveLength(1);
  });

  it('takes what an item says twice as said once', () => {
    const model = new TestModel();
    const vswitch = new TestSwitch(model);
    // A gateway with the same address in two networks.
    const [, , , [kind, first]] = interfaceRows(101, 1, ip(1, 254), 'simulated') as [
      Put,
      Put,
      Put,
      Put & ['ip_lease', object],
    ];
    const rows = [...networkRows(1), ...networkRows(3, ip(1, 0)), ...interfaceRows(101, 1, ip(1, 254), 'simulated')];
    for (const row of [...rows, ...routeRows(1, 1, 101, 1)]) model.put(...row);
    model.put(kind, { ...first, id: 102, network_id: 3 });
    const both = vswitch.text();
    expect([...vswitch.compiler.flows.conflicts()]).toEqual([]);
    model.remove('ip_lease', 102);
    expect(both).not.toBe(vswitch.text());
    expect(vswitch.text()).toBe(fromNothing(model, []));
  });

  it('lets go of the model when it is closed', () => {
    const model = new TestModel();
    const vswitch = new TestSwitch(model);
    for (const step of steps) apply(model, vswitch, step);
    const flows = vswitch.text();
    vswitch.compiler.close();
    for (const step of steps) undo(model, vswitch, step);
    expect(vswitch.text()).toBe(flows);
  });
});

describe('the features', () => {
  it('have cookies of their own', () => {
    expect(new Set(features.map(({ cookie }) => cookie)).size).toBe(features.length);
    for (const { cookie } of features) expect(cookie > 0 && cookie < 256).toBe(true);
  });
});
