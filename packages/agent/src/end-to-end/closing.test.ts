import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Call, calls, fieldReport } from '../testing/field-report.ts';
import { dpid, Host, textOf, until } from '../testing/host.ts';

let host: Host;
let before: string;
beforeEach(async () => {
  host = await Host.start();
  await host.addBridge();
  before = await settings();
  await host.vswitch.deleteBridge('br0');
  await fieldReport(host);
}, 20_000);
afterEach(() => host[Symbol.asyncDispose]());

const settings = (): Promise<string> => host.vswitch.vsctl('get', 'Bridge', 'br0', 'fail_mode', 'external_ids');
const ofctl = (...args: string[]): Promise<string> => host.vswitch.ofctl('-O', 'OpenFlow13', ...args);
const datapath = calls.find(({ name }) => name === 'dp-br0') as Call;

/** What is still open of a bridge; true where it is closed. */
async function closed(): Promise<true | string> {
  const flows = (await host.flows()).map(textOf);
  if (flows.length > 0) return `${flows.length} flows`;
  if (/meter=/.test(await ofctl('dump-meters', 'br0'))) return 'meters';
  if (/group_id/.test(await ofctl('dump-groups', 'br0'))) return 'groups';
  const mode = await host.vswitch.vsctl('get-fail-mode', 'br0');
  if (mode !== 'secure') return mode;
  return /openvnet-service="closed \d+"/.test(await settings()) || (await settings());
}

describe('a bridge that was a learning switch before it was registered', () => {
  it('stays closed when its datapath is deleted, with no flow, meter or group, and says how to open it', async () => {
    await ofctl('add-flow', 'br0', 'table=77,actions=NORMAL');
    await host.api('DELETE', '/datapaths/dp-br0');
    await until(closed);
    const [bridge] = host.agent.switches.report();
    expect(bridge).toMatchObject({ problem: null, flows: null });
    expect(bridge?.notes).toEqual([
      'br0 is closed: it forwards nothing, because its datapath was deleted. Use: ovs-vsctl set-fail-mode br0 standalone',
    ]);
  }, 20_000);

  it('is served again when it is registered again', async () => {
    await host.api('DELETE', '/datapaths/dp-br0');
    await until(closed);
    await datapath.run(host);
    await host.settled({ complete: false });
    expect((await host.flows()).length).toBeGreaterThan(60);
    await host.api('DELETE', '/datapaths/dp-br0');
    await until(closed);
  }, 20_000);

  it('is closed when another datapath id is registered in place of its own', async () => {
    await host.api('PUT', '/datapaths/dp-br0', { dpid: '0x00000000000000ab' });
    await until(closed);
  }, 20_000);

  it('is closed by an agent that was away when its datapath was deleted', async () => {
    await host.stopAgent();
    await host.api('DELETE', '/datapaths/dp-br0');
    expect((await host.flows()).length).toBeGreaterThan(60);
    await host.startAgent();
    await until(closed);
  }, 20_000);

  it('is closed when it comes back, where it was away when its datapath was deleted', async () => {
    await host.vswitch.stop('ovs-vswitchd');
    await host.api('DELETE', '/datapaths/dp-br0');
    await until(() => host.served === undefined);
    await until(() => /cannot be deleted/.test(host.agent.switches.report()[0]?.problem ?? ''));
    await host.vswitch.restart('ovs-vswitchd');
    await until(closed);
    expect(host.agent.switches.report()[0]?.problem).toBeNull();
  }, 20_000);

  it('is closed also where somebody has cleared what the agent keeps at the bridge', async () => {
    await host.vswitch.vsctl('clear', 'Bridge', 'br0', 'external_ids');
    await until(async () => /openvnet-service=/.test(await settings()));
    await host.vswitch.vsctl('clear', 'Bridge', 'br0', 'external_ids', '--', 'set-fail-mode', 'br0', 'standalone');
    await until(async () => (await host.vswitch.vsctl('get-fail-mode', 'br0')) === 'secure');
    await host.api('DELETE', '/datapaths/dp-br0');
    await until(closed);
  }, 20_000);

  it('is opened by an explicit act alone, with the settings that it had', async () => {
    expect(await host.agent.switches.release(dpid)).toBeUndefined();
    await host.api('DELETE', '/datapaths/dp-br0');
    await until(closed);
    expect(await host.agent.switches.release(dpid)).toBe(
      'br0 is released: it forwards between all its ports, so guests of every network on it reach each other',
    );
    expect(await settings()).toBe(before);
    expect(await host.vswitch.flows('br0')).toEqual([expect.stringContaining('actions=NORMAL')]);
    expect(await host.agent.switches.release(dpid)).toBeUndefined();
  }, 20_000);
});

describe('a datapath that is deleted with release', () => {
  const opened = async (): Promise<boolean> =>
    (await settings()) === before && (await host.vswitch.flows('br0')).join().includes('actions=NORMAL');

  it('has its bridge opened', async () => {
    await host.api('DELETE', '/datapaths/dp-br0?release=true');
    await until(opened);
    expect(host.agent.switches.report()[0]?.notes).toEqual([]);
  }, 20_000);

  it('has its bridge opened when the agent comes back, also by a manager that was started again', async () => {
    await host.stopAgent();
    await host.api('DELETE', '/datapaths/dp-br0?release=true');
    await host.stopManager();
    await host.startManager();
    await host.startAgent();
    await until(opened);
  }, 20_000);

  it('has its bridge served again where it is registered again, and closed where it is deleted without', async () => {
    await host.api('DELETE', '/datapaths/dp-br0?release=true');
    await until(opened);
    await datapath.run(host);
    await host.settled({ complete: false });
    await host.api('DELETE', '/datapaths/dp-br0');
    await until(closed);
  }, 20_000);
});
