import { beforeEach, describe, expect, it } from 'vitest';
import { portOf } from '../engine/relations.ts';
import { meterOf } from '../pipeline/meters.ts';
import type { Outcome } from '../simulate/simulate.ts';
import { arpRequest, echoRequest, interfaceRows, macOf, networkRows, TestModel, TestSwitch } from '../testing/model.ts';

const gateway = { mac: macOf(101), ip: 0x0a0001fe };
const guest = { number: 300, ip: 0x0a000101 };
const requests = {
  'an ARP request': arpRequest(guest.number, guest.ip, gateway.ip),
  'an echo request to a gateway': echoRequest(guest.number, guest.ip, gateway),
};
let vswitch: TestSwitch;

beforeEach(() => {
  const model = new TestModel();
  for (const row of [
    ...networkRows(1),
    ...interfaceRows(guest.number, 1, guest.ip),
    ...interfaceRows(101, 1, gateway.ip, 'simulated'),
  ])
    model.put(...row);
  vswitch = new TestSwitch(model).port(guest.number);
});

/** The instructions of table `limit` that the packet met. */
const limits = ({ trace }: Outcome) =>
  trace.filter(({ table }) => table === 'limit').map(({ flow }) => flow.instructions);

describe('what the switch answers by itself', () => {
  it.each(Object.entries(requests))(
    '%s meets the meter of its port first, and then a flow of the datapath of its own',
    (_, request) => {
      const outcome = vswitch.run(request);
      expect(outcome.sent).toMatchObject([{ port: guest.number }]);
      // The label that comes and goes parts what is metered from what the kernel cannot do.
      const [[meter, apply, next] = []] = limits(outcome);
      expect(meter).toEqual({ type: 'meter', meter: meterOf(guest.number, 'replies') });
      expect(apply).toMatchObject({
        actions: [{ type: 'push_mpls' }, { type: 'pop_mpls', ethertype: request.eth_type }],
      });
      expect(next).toMatchObject({ type: 'goto_table' });
      expect(outcome.trace.at(-1)?.table).toBe('answer');
    },
  );

  it.each(Object.entries(requests))(
    '%s is answered by a switch without meters too, which would refuse such a flow',
    (_, request) => {
      const { port } = vswitch.compiler.relations;
      port.set(portOf(port.get(guest.number)!, false));
      const outcome = vswitch.run(request);
      expect(outcome.sent).toMatchObject([{ port: guest.number }]);
      expect(limits(outcome)).toMatchObject([[{ type: 'goto_table' }]]);
    },
  );
});
