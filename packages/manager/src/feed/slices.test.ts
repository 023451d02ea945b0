/** What comes over the wire to agents of three hosts: no byte of what is no concern of theirs. */
import { once } from 'node:events';
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SystemStatus, ToAgent, ToManager } from '@openvnet/model';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { hello, reportOf, type TestManager, testManager } from '../testing.ts';

type Has = { readonly store: string; readonly epoch: string; readonly revision: number };

/** An agent that keeps all that it hears, and acknowledges it at once. */
class Host implements Disposable {
  readonly #url: string;
  readonly number: number;
  readonly #ports: string[];
  #socket!: WebSocket;
  /** All that was heard on the last connection. */
  heard = '';
  kinds: string[] = [];
  rows = new Map<string, Record<string, unknown>>();
  has: Has | undefined;
  acknowledges = true;

  constructor(url: string, number: number, ...ports: string[]) {
    this.#url = url;
    this.number = number;
    this.#ports = ports;
  }

  async connect(): Promise<this> {
    this.heard = '';
    this.kinds = [];
    this.#socket = new WebSocket(`${this.#url.replace('http', 'ws')}/feed`);
    this.#socket.on('message', (data) => this.#hear(String(data)));
    await once(this.#socket, 'open');
    const { number: n } = this;
    const who = { ...hello, node: `node${n}`, hostname: `host${n}`, machine: String(n), started_at: 1, slices: true };
    this.#say({ ...who, store: null, revision: null, ...this.has });
    await this.until(() => this.kinds.some((kind) => kind === 'snapshot' || kind === 'changes'));
    return this;
  }

  async until(holds: () => boolean | Promise<boolean>): Promise<void> {
    await expect.poll(async () => await holds(), { timeout: 10_000 }).toBe(true);
  }

  holds(uuid: string): boolean {
    return [...this.rows.values()].some((row) => row.uuid === uuid);
  }

  port(name: string): void {
    this.#ports.push(name);
    this.report({ ports: { set: [[dpidOf(this.number), name, null]], gone: [], whole: false } });
  }

  unplug(name: string): void {
    this.#ports.splice(this.#ports.indexOf(name), 1);
    this.report({ ports: { set: [], gone: [[dpidOf(this.number), name]], whole: false } });
  }

  report(more: object = {}): void {
    const said = reportOf(this.has?.revision ?? 0, more) as Extract<ToManager, { type: 'report' }>;
    this.#say({ ...said, bridges: [{ ...said.bridges![0]!, dpid: dpidOf(this.number) }] });
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }

  #hear(text: string): void {
    this.heard += text;
    const message = JSON.parse(text) as ToAgent;
    if (message.type === 'slices') {
      this.kinds.push('slices');
      const set = this.#ports.map((name) => [dpidOf(this.number), name, null]);
      this.report({ ports: { set, gone: [], whole: true } });
      return;
    }
    if (message.type === 'snapshot') {
      this.rows.clear();
      for (const [kind, rows] of Object.entries(message.rows))
        for (const row of rows) this.rows.set(`${kind} ${row.id}`, row);
    } else if (message.type === 'changes') {
      for (const { kind, id, row } of message.changes) {
        if (row) this.rows.set(`${kind} ${id}`, row);
        else this.rows.delete(`${kind} ${id}`);
      }
    } else return;
    this.kinds.push(message.type);
    this.has = { store: message.store, epoch: message.epoch!, revision: message.revision };
    if (this.acknowledges) this.report();
  }

  #say(message: ToManager): void {
    this.#socket.send(JSON.stringify(message));
  }
}

function dpidOf(host: number): string {
  return String(host).padStart(16, '0');
}

/** Hosts 1 to 3; red has guests r1 and r2, blue b1 and b2, each with a gateway, a filter rule and a DNS record. */
async function tenants(store = 'memory'): Promise<TestManager> {
  const manager = await testManager({ store });
  const { done } = manager;
  for (const n of [1, 2, 3])
    await done('POST', '/datapaths', {
      uuid: `dp-${n}`,
      display_name: 'br0',
      dpid: `0x${dpidOf(n)}`,
      node_id: `node${n}`,
    });
  for (const tenant of ['red', 'blue']) {
    await done('POST', '/networks', { uuid: `nw-${tenant}`, display_name: `${tenant}-net`, ipv4_network: '10.0.0.0' });
    await guest(manager, tenant, 1);
    await guest(manager, tenant, 2);
    await done('POST', '/interfaces', {
      uuid: `if-${tenant}gw`,
      mode: 'simulated',
      network_uuid: `nw-${tenant}`,
      ipv4_address: '10.0.0.254',
    });
    await done('POST', '/network_services', { uuid: `ns-${tenant}`, interface_uuid: `if-${tenant}gw`, mode: 'dns' });
    await done('POST', '/dns_services', { uuid: `dnss-${tenant}`, network_service_uuid: `ns-${tenant}` });
    await done('POST', `/dns_services/dnss-${tenant}/dns_records`, {
      uuid: `dnsr-${tenant}`,
      name: `${tenant}.example`,
      ipv4_address: '10.0.0.9',
    });
    await done('POST', '/route_links', { uuid: `rl-${tenant}` });
    await done('POST', '/routes', {
      uuid: `r-${tenant}`,
      interface_uuid: `if-${tenant}gw`,
      route_link_uuid: `rl-${tenant}`,
      ipv4_network: '10.0.0.0',
    });
  }
  return manager;
}

async function guest({ done }: TestManager, tenant: string, n: number): Promise<void> {
  const uuid = `if-${tenant}${n}`;
  await done('POST', '/interfaces', {
    uuid,
    network_uuid: `nw-${tenant}`,
    ipv4_address: `10.0.0.${n}`,
    display_name: `${tenant} guest`,
    enable_filtering: 'true',
  });
  await done('POST', '/filters', { uuid: `fil-${tenant}${n}`, interface_uuid: uuid, mode: 'static' });
}

describe('the slice of a host', () => {
  it('has no byte of a tenant that it has nothing to do with: in snapshots, changes, and when it comes back', async () => {
    await using manager = await tenants();
    using red = await new Host(manager.url, 1, 'if-red1').connect();
    using blue = await new Host(manager.url, 2, 'if-blue1').connect();
    expect(red.kinds).toEqual(['slices', 'snapshot']);
    for (const uuid of ['nw-red', 'if-red1', 'if-red2', 'if-redgw', 'fil-red1', 'dnss-red', 'r-red', 'rl-red', 'dp-1'])
      expect([uuid, red.holds(uuid)]).toEqual([uuid, true]);
    expect(red.holds('dp-2')).toBe(false);
    await manager.done('PUT', '/interfaces/if-blue2', { display_name: 'blue and new' });
    await manager.done('PUT', '/networks/nw-blue', { display_name: 'blue and new' });
    await guest(manager, 'blue', 3);
    await guest(manager, 'red', 3);
    await blue.until(() => blue.holds('if-blue3'));
    await red.until(() => red.holds('if-red3'));
    await manager.done('DELETE', '/interfaces/if-blue2');
    await manager.done('DELETE', '/interfaces/if-red2');
    await red.until(() => !red.holds('if-red2'));
    expect(red.heard).not.toMatch(/blue/);
    expect(blue.heard).not.toMatch(/red/);
    red[Symbol.dispose]();
    await manager.done('PUT', '/networks/nw-blue', { display_name: 'blue again' });
    await guest(manager, 'blue', 4);
    await guest(manager, 'red', 4);
    await red.connect();
    expect(red.kinds).toEqual(['slices', 'changes']);
    expect(red.holds('if-red4')).toBe(true);
    expect(red.heard).not.toMatch(/blue/);
    // No more than what it has missed.
    expect(red.heard).not.toMatch(/if-red1|nw-red/);
  });

  it('grows with a port and shrinks without it', async () => {
    await using manager = await tenants();
    using host = await new Host(manager.url, 1).connect();
    expect([...host.rows.keys()]).toEqual(['datapath 1']);
    host.port('if-red1');
    await host.until(() => host.holds('if-red2'));
    host.port('if-blue1');
    await host.until(() => host.holds('if-blue1') && host.holds('dnss-blue'));
    host.unplug('if-red1');
    await host.until(() => !host.holds('nw-red'));
    expect(host.holds('nw-blue')).toBe(true);
    // A port that is there before its interface is registered.
    host.port('if-red9');
    await guest(manager, 'red', 9);
    await host.until(() => host.holds('if-red9') && host.holds('nw-red'));
  });

  it('is sent anew by a manager that was started again, and holds what is placed there before ports are reported', async () => {
    using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-slices-'));
    const store = join(directory.path, 'store.db');
    const before = await tenants(store);
    using host = await new Host(before.url, 1, 'if-red1').connect();
    const bound = { interface_id: 1, datapath_id: 1, port_name: 'if-red1', port_number: 1, link: null };
    host.report({ bound: { set: [bound], gone: [], whole: true } });
    await host.until(
      async () => (await before.done('GET', '/interfaces/if-red1/active_interfaces')).items.length === 1,
    );
    await before.close();
    await using after = await testManager({ store });
    const again = new Host(after.url, 1);
    again.has = host.has;
    using _ = await again.connect();
    expect(again.kinds.slice(0, 2)).toEqual(['slices', 'snapshot']);
    expect(again.heard).toMatch(/if-red1/);
    expect(again.heard).not.toMatch(/blue/);
  });

  it('is everything for an agent of an older version, and as long as there is one datapath', async () => {
    await using manager = await testManager();
    await manager.done('POST', '/datapaths', { uuid: 'dp-1', display_name: 'br0', dpid: dpidOf(1), node_id: 'node1' });
    await manager.done('POST', '/networks', { uuid: 'nw-red', ipv4_network: '10.0.0.0' });
    using host = await new Host(manager.url, 1).connect();
    expect(host.kinds).toEqual(['snapshot']);
    expect(host.holds('nw-red')).toBe(true);
    await manager.done('POST', '/datapaths', { uuid: 'dp-2', display_name: 'br0', dpid: dpidOf(2), node_id: 'node2' });
    await host.until(() => !host.holds('nw-red') && host.holds('dp-1'));
    await manager.done('DELETE', '/datapaths/dp-2');
    await host.until(() => host.holds('nw-red'));
  });
});

describe('status', () => {
  it('waits for the hosts that an object concerns, and for no others', async () => {
    await using manager = await tenants();
    using red = await new Host(manager.url, 1, 'if-red1').connect();
    using blue = await new Host(manager.url, 2, 'if-blue1').connect();
    await red.until(async () => (await statusOf(manager, 'networks/nw-red')).realised);
    blue.acknowledges = false;
    await manager.done('PUT', '/networks/nw-red', { display_name: 'new' });
    await red.until(async () => (await statusOf(manager, 'networks/nw-red')).realised);
    await manager.done('PUT', '/networks/nw-blue', { display_name: 'new' });
    const { realised, waits_for } = await statusOf(manager, 'networks/nw-blue');
    expect({ realised, waits_for }).toEqual({
      realised: false,
      waits_for: [expect.stringMatching(/^waits for dp-2 on node2 to acknowledge revision/)],
    });
    expect((await statusOf(manager, 'networks/nw-red')).realised).toBe(true);
    // One that is away holds up what concerns it, by name.
    blue[Symbol.dispose]();
    await blue.until(async () => !((await manager.done('GET', '/status')) as SystemStatus).agents[1]!.connected);
    expect((await statusOf(manager, 'networks/nw-red')).notes).toEqual([]);
    const away = await statusOf(manager, 'networks/nw-blue');
    expect(away.waits_for).toEqual([expect.stringMatching(/^agent node2 went away .* and has not applied revision/)]);
  });
});

async function statusOf(
  { done }: TestManager,
  path: string,
): Promise<{ realised: boolean; waits_for: string[]; notes: string[] }> {
  return (await done('GET', `/${path}`)).status;
}
