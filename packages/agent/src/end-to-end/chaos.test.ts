import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Call, calls, fieldReport, switchSteps } from '../testing/field-report.ts';
import { fromNothing, Host, textOf, until } from '../testing/host.ts';

/** Deletes what is there, makes what is not; what cannot be made without something else is not made. */
async function toggle(host: Host, call: Call): Promise<void> {
  const deleted = await host.api('DELETE', call.path).catch(refused);
  if (deleted === undefined) await call.run(host).catch(refused);
}

function refused(error: Error): undefined {
  if (!/ 40[04] /.test(error.message)) throw error;
}

async function togglePort(host: Host, n: number): Promise<void> {
  const ports = (await host.vswitch.vsctl('list-ports', 'br0')).split('\n');
  if (ports.includes(`if-veth${n}`)) await host.vswitch.deletePorts(`if-veth${n}`);
  else await host.addPort(`if-veth${n}`, n);
}

/** Ways in which an object is changed that is there, `n` being one of six guests. */
const changes: readonly ((n: number) => readonly [path: string, form: Readonly<Record<string, string>>])[] = [
  (n) => [`/interfaces/if-veth${n}`, { ipv4_address: `172.16.${n === 3 || n === 4 ? 2 : 1}.${10 + n}` }],
  (n) => [`/interfaces/if-veth${n}`, { mac_address: `52:54:00:0d:85:0${n}` }],
  (n) => [`/interfaces/if-veth${n}`, { port_name: `if-veth${1 + (n % 6)}` }],
  (n) => [`/interfaces/if-veth${n}`, { port_name: `if-veth${n}` }],
  (n) => [`/interfaces/if-veth${n}`, { enable_filtering: 'true' }],
  (n) => [`/interfaces/if-veth${n}`, { enable_filtering: 'false' }],
  (n) => [`/interfaces/if-veth${n}/rename`, { new_uuid: `if-other${n}` }],
  (n) => [`/interfaces/if-other${n}/rename`, { new_uuid: `if-veth${n}` }],
  (n) => [`/interfaces/if-vnet${1 + (n % 2)}gw`, { mode: 'vif' }],
  (n) => [`/interfaces/if-vnet${1 + (n % 2)}gw`, { mode: 'simulated' }],
  (n) => [`/interfaces/if-vnet${1 + (n % 2)}gw`, { enable_routing: 'false' }],
  (n) => [`/interfaces/if-vnet${1 + (n % 2)}gw`, { enable_routing: 'true' }],
  (n) => [`/routes/r-vnet${1 + (n % 2)}`, { ingress: 'false' }],
  (n) => [`/routes/r-vnet${1 + (n % 2)}`, { egress: n % 3 === 0 ? 'false' : 'true', ingress: 'true' }],
  () => ['/datapaths/dp-br0/rename', { new_uuid: 'dp-other' }],
  () => ['/datapaths/dp-other/rename', { new_uuid: 'dp-br0' }],
];

/** Cuts the agent's copy of the model, or changes a byte of it, while the agent is away. */
async function damage(host: Host, chance: number): Promise<void> {
  await host.stopAgent();
  if (existsSync(host.copy)) {
    const bytes = readFileSync(host.copy);
    const at = chance % bytes.length;
    if (chance % 2 === 0) bytes[at]! ^= 1 << (chance % 8);
    writeFileSync(host.copy, chance % 2 === 0 ? bytes : bytes.subarray(0, at));
  }
  await host.startAgent();
}

const ofctl = (host: Host, ...args: string[]): Promise<string> => host.vswitch.ofctl('-O', 'OpenFlow13', ...args);

type Event = (host: Host, chance: number) => Promise<unknown>;

/** What may happen, at any moment and without a pause. */
const events: Readonly<Record<string, Event>> = {
  'an object is made or deleted': (host, chance) => toggle(host, calls[chance % calls.length]!),
  'another object is made or deleted': (host, chance) => toggle(host, calls[chance % calls.length]!),
  'an object is changed': (host, chance) => {
    const [path, form] = changes[chance % changes.length]!(1 + (Math.floor(chance / changes.length) % 6));
    return host.api('PUT', path, form).catch(refused);
  },
  'a datapath is released': (host) => host.api('DELETE', '/datapaths/dp-br0?release=true').catch(refused),
  'a datapath is released, and registered again': async (host) => {
    await host.api('DELETE', '/datapaths/dp-br0?release=true').catch(refused);
    await calls[0]!.run(host).catch(refused);
  },
  'the copy is damaged': damage,
  'flows are changed': (host, chance) => ofctl(host, 'mod-flows', 'br0', `table=${chance % 30},actions=drop`),
  'meters are deleted': (host) => ofctl(host, 'del-meters', 'br0'),
  'groups are deleted': (host) => ofctl(host, 'del-groups', 'br0'),
  'the bridge is made standalone': (host) => host.vswitch.vsctl('set-fail-mode', 'br0', 'standalone'),
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
