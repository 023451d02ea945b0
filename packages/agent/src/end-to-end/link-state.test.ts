import { expect, it } from 'vitest';
import { fieldReport } from '../testing/field-report.ts';
import { Host, until } from '../testing/host.ts';

it('a link that goes and comes, a port that is switched off, and one that cannot be set up are in status at once', async () => {
  await using host = await Host.start();
  await fieldReport(host);
  const notes = async (): Promise<string[]> => (await host.api('GET', '/interfaces/if-veth1')).status.notes;
  const port = (state: string) => host.vswitch.appctl('netdev-dummy/set-admin-state', 'if-veth1', state);
  expect(await notes()).toEqual([]);
  for (let time = 0; time < 2; time++) {
    await port('down');
    await until(async () => (await notes()).join().includes('port if-veth1 on dp-br0 is administratively down'));
    await port('up');
    await until(async () => (await notes()).length === 0);
  }
  await host.vswitch.vsctl('add-port', 'br0', 'veth-none', '--', 'set', 'Interface', 'veth-none', 'type=nonsense');
  const of = (): string[] => host.agent.switches.report()[0]!.notes.filter((note) => note.includes('veth-none'));
  await until(() => of().length === 1);
  expect(of()[0]).toMatch(/^Open vSwitch cannot set up port veth-none: could not open network device veth-none/);
  await host.vswitch.vsctl('del-port', 'br0', 'veth-none');
  await until(() => of().length === 0);
}, 30_000);
