import type { Action } from '@openvnet/openflow';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { meterOf } from '../pipeline/meters.ts';
import { portFromWire, wirePort } from '../pipeline/ports.ts';
import { type AgentReason, reasonOf } from '../pipeline/tables.ts';
import type { Outcome } from '../simulate/simulate.ts';
import { packetOf, packets } from '../testing/packets.ts';
import { populated, topology } from '../testing/random.ts';

/** The meters under which a packet was handed over. */
function metersOf({ trace }: Outcome): (number | undefined)[] {
  return trace
    .flatMap(({ flow }) => flow.instructions)
    .flatMap((each) => (each.type === 'apply_actions' ? each.actions : []))
    .filter((action): action is Extract<Action, { type: 'controller' }> => action.type === 'controller')
    .map(({ meter_id }) => meter_id);
}

it('whatever the agent gets says at which port it came in, and came under the meter of that port', () => {
  const reasons = new Set<AgentReason>();
  const cases = topology.chain((drawn) => fc.tuple(fc.constant(drawn), packets(40)));
  fc.assert(
    fc.property(cases, ([drawn, sent]) => {
      const run = populated(drawn).runner();
      for (const packet of sent.map((one) => packetOf(drawn, one))) {
        const port = portFromWire(wirePort(packet.in_port as number));
        const outcome = run(packet);
        for (const { packet: handed, reason } of outcome.toAgent) {
          reasons.add(reasonOf(reason)!);
          expect([reasonOf(reason), portFromWire(Number(handed.in_port))]).toEqual([reasonOf(reason), port]);
        }
        const own = [meterOf(port), meterOf(port, 'notices')];
        expect(metersOf(outcome).filter((meter) => !own.includes(meter!))).toEqual([]);
      }
    }),
    { seed: 1, numRuns: 300 },
  );
  // The reasons that these packets meet; some of them come before a router, some after.
  expect([...reasons].sort()).toMatchInlineSnapshot(`
    [
      "dhcp",
      "dns",
      "dns_tcp",
      "fragmentation_needed",
      "guest_heard",
      "host_unreachable",
      "icmp_translation",
      "neighbour_heard",
      "network_unreachable",
      "next_hop",
      "port_unreachable",
      "refused",
      "time_exceeded",
      "too_large_for_tunnel",
      "unanswered",
    ]
  `);
}, 60_000);
