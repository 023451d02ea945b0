import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Call, calls, fieldReport, ordered, post } from '../testing/field-report.ts';
import { added, arrivals, Host } from '../testing/host.ts';
import { namedFlows } from '../testing/named-flows.ts';

const inWords = async (host: Host) => namedFlows(await host.flows(), host.agent.slice);

const called = (name: string): Call => calls.find((call) => call.name === name)!;

/** The calls of someone who never made `name`, nor what cannot be without it. */
function never(...names: readonly string[]): Call[] {
  const gone = new Set(names);
  return calls.filter(({ name, after }) => {
    if (!gone.has(name) && !after.some((one) => gone.has(one))) return true;
    gone.add(name);
    return false;
  });
}

/** An interface as it would be with fewer parameters. */
function lesser(name: string, ...parameters: readonly string[]): Call {
  const form = Object.fromEntries(Object.entries(called(name).form).filter(([key]) => !parameters.includes(key)));
  return post(name, '/interfaces', 'network_uuid' in form ? [`${form.network_uuid}`] : [], form);
}

const address = ['network_uuid', 'ipv4_address'];
const remains = (...names: readonly string[]): Call[] => names.map((name) => lesser(name, ...address));

/** What is deleted, and the calls of someone who never had it. */
const cases: Readonly<Record<string, readonly Call[]>> = {
  'nw-net1': [...never('nw-net1'), ...remains('if-veth1', 'if-veth2', 'if-vnet1gw')],
  'nw-net3': [...never('nw-net3'), ...remains('if-veth5', 'if-veth6')],
  'dp-br0 nw-net1': never('dp-br0 nw-net1'),
  'if-veth1': never('if-veth1'),
  'if-veth5': never('if-veth5'),
  'if-vnet1gw': never('if-vnet1gw'),
  'ns-vnet1gw': never('ns-vnet1gw'),
  'r-vnet1': never('r-vnet1'),
  'rl-vnetlink1': never('rl-vnetlink1'),
  'dp-br0 rl-vnetlink1': never('dp-br0 rl-vnetlink1'),
};

/** A lease of an interface: it has no name of its own. */
const leases: Readonly<Record<string, readonly Call[]>> = {
  ip_leases: [...never('if-veth1'), lesser('if-veth1', ...address)],
  // An address alone is given a MAC address, so there is none without.
  mac_leases: [...never('if-veth1'), lesser('if-veth1', ...address, 'mac_address')],
};

async function leavesNothing(deleted: (host: Host) => Promise<string>, without: readonly Call[]): Promise<void> {
  await using host = await Host.start();
  await fieldReport(host);
  const before = await arrivals(host);
  await host.api('DELETE', await deleted(host));
  await host.settled({ complete: false });
  const after = await arrivals(host);
  expect(added(before, after)).toEqual([]);
  await using other = await Host.start();
  await fieldReport(other, without);
  expect(await inWords(host)).toEqual(await inWords(other));
}

describe('what is deleted', () => {
  it.each(Object.keys(cases))(
    'leaves the flows of someone who never had it, and touches no others: %s',
    (name) => leavesNothing(async () => called(name).path, cases[name]!),
    20_000,
  );

  it.each(Object.keys(leases))(
    'leaves the flows of someone who never had it, and touches no others: one of the %s',
    (kind) => {
      const path = async (host: Host): Promise<string> => {
        const { items } = await host.api('GET', `/${kind}?limit=100`);
        const lease = items.find((item: { interface_uuid: string }) => item.interface_uuid === 'if-veth1');
        return `/${kind}/${lease.uuid}`;
      };
      return leavesNothing(path, leases[kind]!);
    },
    20_000,
  );

  it('leaves, when it was all but the datapath, the switch as it was in the beginning, in whatever order it went', async () => {
    await using host = await Host.start();
    const [datapath, ...others] = calls as [Call, ...Call[]];
    await fieldReport(host, [datapath]);
    const before = await arrivals(host);
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(others, { minLength: others.length, maxLength: others.length }),
        async (order) => {
          for (const step of ordered([datapath, ...others]).slice(1)) await step.run(host);
          await host.settled();
          for (const { path } of order) {
            // What referred to something that is gone is gone with it.
            await host.api('DELETE', path).catch((error: Error) => expect(error.message).toMatch(/ 404 /));
          }
          await host.settled({ complete: false });
          const after = await arrivals(host);
          expect([...after.keys()]).toEqual([...before.keys()]);
          expect(added(before, after)).toEqual([]);
        },
      ),
      { numRuns: 5, endOnFailure: true },
    );
  }, 30_000);
});
