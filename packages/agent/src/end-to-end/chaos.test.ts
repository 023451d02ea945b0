import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Call, calls, fieldReport, switchSteps } from '../testing/field-report.ts';
import { fromNothing, Host, textOf, until } from '../testing/host.ts';

/** Deletes what is there, makes what is not; what cannot be made without something else is not made. */
async function toggle(host: Host, call: Call): Promise<void> {
  const refused = (error: Error): boolean => / 40[04] /.test(error.message);
  const deleted = await host.api('DELETE', call.path).catch((error: Error) => refused(error) && undefined);
  if (deleted === undefined) await call.run(host).catch((error: Error) => expect(refused(error)).toBe(true));
}

async function togglePort(host: Host, n: number): Promise<void> {
  const ports = (await host.vswitch.vsctl('list-ports', 'br0')).split('\n');
  if (ports.includes(`if-veth${n}`)) await host.vswitch.deletePorts(`if-veth${n}`);
  else await host.addPort(`if-veth${n}`, n);
}

type Event = (host: Host, chance: number) => Promise<unknown>;

/** What may happen, at any moment and without a pause. */
const events: Readonly<Record<string, Event>> = {
  'an object is made or deleted': (host, chance) => toggle(host, calls[chance % calls.length]!),
  'another object is made or deleted': (host, chance) => toggle(host, calls[chance % calls.length]!),
  'a port comes or goes': (host, chance) => togglePort(host, 1 + (chance % 6)),
  'the connection breaks': async (host) => host.served?.connection?.close(),
  'the agent starts again': async (host) => {
    await host.stopAgent();
    await host.startAgent();
  },
  'the manager starts again': async (host) => {
    await host.stopManager();
    await host.startManager();
  },
  'flows are deleted': (host) => host.vswitch.ofctl('del-flows', 'br0'),
  'a flow is added': (host, chance) => host.vswitch.ofctl('add-flow', 'br0', `priority=${chance % 99},actions=drop`),
  'a controller is set': (host) => host.setController(),
  'the controller is taken away': (host) => host.vswitch.vsctl('del-controller', 'br0'),
  'the bridge is made anew': async (host) => {
    await host.vswitch.deleteBridge('br0');
    for (const step of switchSteps) await step.run(host);
  },
  'the switch crashes': (host) => host.crash(),
  'the database crashes': (host) => host.crash('ovsdb-server'),
};

const drawn = fc.tuple(fc.constantFrom(...Object.keys(events)), fc.nat());

it('the switch ends up with the flows of what is registered then, whatever happened before, and however fast', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(drawn, { minLength: 10, maxLength: 25, size: 'max' }), async (happening) => {
      await using host = await Host.start();
      await fieldReport(host);
      for (const [name, chance] of happening) await events[name]!(host, chance);
      const datapath = calls[0]!;
      await datapath.run(host).catch(() => undefined);
      await host.settled({ complete: false, timeoutMs: 10_000 });
      const { items } = await host.api('GET', '/interfaces?limit=100');
      const known = [...host.agent.slice.relations.interface.rows()].map(({ uuid }) => uuid);
      expect(known.sort()).toEqual(items.map(({ uuid }: { uuid: string }) => uuid).sort());
      const same = async (): Promise<boolean> =>
        JSON.stringify((await host.flows()).map(textOf)) === JSON.stringify(fromNothing(host));
      await until(same, { timeoutMs: 4000, everyMs: 50 });
    }),
    { numRuns: 5, endOnFailure: true },
  );
}, 90_000);
