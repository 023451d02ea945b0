/** One item that the program cannot compute: what it means for its object, for all others, and for what is logged. */
import { expect, it } from 'vitest';
import { fieldReport } from '../testing/field-report.ts';
import { Host, textOf } from '../testing/host.ts';

it('reports the object whose flows cannot be computed, keeps them, and serves everything else', async () => {
  await using host = await Host.start();
  await fieldReport(host);
  const before = (await host.flows()).map(textOf);
  const { ip_lease } = host.agent.slice.relations;
  const { id: interfaceId } = [...host.agent.slice.relations.interface.rows()].find(({ uuid }) => uuid === 'if-veth1')!;
  const [lease] = ip_lease.where('interface_id', interfaceId);

  // No match holds so large a number: every feature that reads the address throws.
  ip_lease.set({ ...lease!, ipv4_address: 2 ** 32 });
  host.agent.switches.update();
  host.complaints.length = 0;
  await host.addPort('if-veth7', 7);
  await host.api('POST', '/interfaces', {
    uuid: 'if-veth7',
    network_uuid: 'nw-net1',
    ipv4_address: '172.16.1.7',
    mac_address: '52:54:00:0d:84:07',
  });
  await host.settled({ complete: false });
  const flows = (await host.flows()).map(textOf);
  expect(flows.filter((flow) => !before.includes(flow)).length).toBeGreaterThan(4);
  const status = await host.api('GET', `/ip_leases/${lease!.uuid}/status`);
  expect(status.realised).toBe(false);
  expect(status.waits_for.join()).toMatch(
    /waits for a corrected program: feature \w+ cannot be computed \(RangeError: /,
  );
  expect((await host.api('GET', '/interfaces/if-veth7/status')).realised).toBe(true);
  const logged = host.complaints.map((line) => JSON.parse(line)).filter(({ by }) => by?.startsWith('feature'));
  expect(logged.map(({ msg, object, items }) => [msg, object, items])).toContainEqual([
    expect.stringContaining(`feature guard cannot be computed for ${lease!.uuid}`),
    lease!.uuid,
    1,
  ]);
  expect(host.complaints.join()).not.toContain('the switch refused a change');

  ip_lease.set(lease!);
  host.agent.switches.update();
  await host.settled();
  const after = (await host.flows()).map(textOf);
  expect(before.filter((flow) => !after.includes(flow))).toHaveLength(1); // The broadcast has one more port.
}, 20_000);
