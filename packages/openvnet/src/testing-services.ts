/** A switch, guests, a manager and an agent, together in one scope, for tests of what guests are served. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from '@openvnet/agent';
import { type Guest, Lab, PrivateSwitch, patience } from '@openvnet/lab';
import { startManager } from '@openvnet/manager';
import pino from 'pino';

const node = 'node1';
const datapathId = '0x000002fdee8e0a44';

export interface Stage extends AsyncDisposable {
  readonly agent: Agent;
  readonly guests: readonly Guest[];
  readonly vswitch: PrivateSwitch;
  /** What manager and agent had to warn about, in their words. */
  readonly complaints: readonly string[];
  post(path: string, body: object): Promise<void>;
  /** Waits until `holds` does; throws after five seconds. */
  until(holds: () => boolean | Promise<boolean>): Promise<void>;
  /** Waits until the switch has acknowledged all that was registered. */
  settled(): Promise<void>;
}

/**
 * Guests `if-1`, `if-2`, ... of network 10.0.1.0/24 (domain `net1`), without addresses of their own, and a router
 * 10.0.1.254 to network 10.0.2.0/24; 10.0.1.253 offers `services`.
 */
export async function stage(guestCount: number, services: readonly ('dhcp' | 'dns')[]): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const complaints: string[] = [];
  const level = process.env.TEST_LOG;
  const write = (line: string): void => {
    complaints.push(line);
    if (level) process.stdout.write(line);
  };
  const logger = pino({ level: level ?? 'warn' }, { write });
  const state = mkdtempSync(join(tmpdir(), 'openvnet-stage-'));
  stack.defer(() => rmSync(state, { recursive: true }));
  const vswitch = stack.use(await PrivateSwitch.start());
  await vswitch.addBridge({ name: 'br0', datapathId, failMode: 'secure' });
  const lab = stack.use(await Lab.create(vswitch));
  const numbers = Array.from({ length: guestCount }, (_, i) => i + 1);
  const guests = await lab.namespaces(
    numbers.map((n) => ({ name: `g${n}`, bridge: 'br0', port: `if-${n}`, mac: `52:54:00:00:01:0${n}` })),
  );
  const listen = { host: '127.0.0.1', port: 0 };
  const manager = stack.use(await startManager({ listen, store: 'memory', logger }));
  const agent = new Agent({ manager: manager.url, openflow: listen, ovsdb: vswitch.ovsdb, state, node, log: logger });
  await agent.start();
  stack.defer(() => agent.close());
  let revision = 0;
  const post = async (path: string, body: object): Promise<void> => {
    const answer = await manager.app.inject({ method: 'POST', url: `/api/1.0/${path}`, payload: body });
    if (answer.statusCode !== 200) throw new Error(`POST ${path}: ${answer.statusCode} ${answer.body}`);
    revision++;
  };
  const until: Stage['until'] = async (holds) => {
    for (const end = performance.now() + 5000 * patience; !(await holds()); await sleep(10))
      if (performance.now() > end) throw new Error(`not within 5 s: ${holds}`);
  };
  await post('datapaths', { uuid: 'dp-br0', display_name: 'br0', dpid: datapathId, node_id: node });
  for (const n of [1, 2]) {
    await post('networks', { uuid: `nw-${n}`, domain_name: `net${n}`, ipv4_network: `10.0.${n}.0`, ipv4_prefix: 24 });
    await post('interfaces', gateway(`if-gw${n}`, n, 254));
  }
  await post('interfaces', gateway('if-srv', 1, 253));
  for (const mode of services) await post('network_services', { uuid: `ns-${mode}`, interface_uuid: 'if-srv', mode });
  await post('route_links', { uuid: 'rl-1' });
  for (const n of [1, 2]) {
    const [network_uuid, interface_uuid] = [`nw-${n}`, `if-gw${n}`];
    await post('routes', { network_uuid, interface_uuid, route_link_uuid: 'rl-1', ipv4_network: `10.0.${n}.0` });
  }
  for (const n of numbers) {
    const address = { ipv4_address: `10.0.1.${n}`, mac_address: `52:54:00:00:01:0${n}` };
    await post('interfaces', { uuid: `if-${n}`, network_uuid: 'nw-1', ...address });
  }
  const settled = (): Promise<void> =>
    until(() => {
      const served = [...agent.switches.served()];
      return (
        served.length > 0 &&
        agent.slice.revision >= revision &&
        served.every((each) => each.revision === agent.slice.revision)
      );
    });
  await settled();
  const parts = stack.move();
  return {
    agent,
    guests,
    vswitch,
    complaints,
    post,
    until,
    settled,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

function gateway(uuid: string, network: number, host: number): object {
  const mac_address = `52:54:00:00:0${network}:${host.toString(16)}`;
  return {
    uuid,
    mode: 'simulated',
    network_uuid: `nw-${network}`,
    ipv4_address: `10.0.${network}.${host}`,
    mac_address,
  };
}
