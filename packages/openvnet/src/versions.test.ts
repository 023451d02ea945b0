import { describe, expect, it } from 'vitest';
import { TwoVersions } from './testing/two-versions.ts';

const all = { switched: ['if-veth2'], routed: ['if-veth3'] };
/** The router says so to the sender. */
const unreachable = { routed: ['if-veth1'] };

describe.each([
  { manager: 'this', agent: 'last' },
  { manager: 'last', agent: 'this' },
] as const)('the manager of $manager version and the agent of $agent', (versions) => {
  it('serve a topology, its changes and those of ports, and look into the switch', async () => {
    await using host = await TwoVersions.start(versions);
    const { unrealised } = await host.api('GET', '/status');
    expect(unrealised).toEqual([]);
    expect(await host.reached()).toEqual(all);

    await host.api('PUT', '/interfaces/if-veth2', { enable_filtering: 'true' });
    await host.api('DELETE', '/routes/r-vnet2');
    await host.settled();
    expect(await host.reached()).toEqual({ switched: [], ...unreachable });
    await host.api('PUT', '/interfaces/if-veth2', { enable_filtering: 'false' });
    await host.settled();
    expect(await host.reached()).toEqual({ switched: ['if-veth2'], ...unreachable });

    await host.vswitch.deletePorts('if-veth2');
    host.wires.unplug('if-veth2');
    const realised = () => host.api('GET', '/interfaces/if-veth2').then(({ status }) => status.realised);
    await expect.poll(realised).toBe(false);
    await host.wires.plug('if-veth2', 2);
    await expect.poll(realised).toBe(true);

    const packet = 'from=if-veth1&to=172.16.1.2';
    expect(await host.api('GET', `/trace?${packet}`)).toMatchObject({ delivered: true });
    const { flows } = await host.api('GET', '/flows?object=if-veth2');
    expect(flows.length).toBeGreaterThan(0);
    for (const program of ['manager', 'agent'] as const) expect(host.said(program)).not.toMatch(/"level":[56]0/);
  }, 120_000);
});

describe('an upgrade from the last release', () => {
  it.each([['manager', 'agent'] as const, ['agent', 'manager'] as const])(
    'of the %s, then of the %s, keeps what is stored, and guests reach each other',
    async (first, second) => {
      await using host = await TwoVersions.start({ manager: 'last', agent: 'last' });
      expect(await host.reached()).toEqual(all);
      for (const program of [first, second]) {
        await host.run(program, 'this');
        expect(await host.reached()).toEqual(all);
        await host.settled();
        expect(await host.reached()).toEqual(all);
      }
      const { unrealised } = await host.api('GET', '/status');
      expect(unrealised).toEqual([]);
    },
    120_000,
  );
});
