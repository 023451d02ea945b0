/** What lab tests of this package share: manager, agent and guests on one private switch. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from '@openvnet/agent';
import { type Client, createClient } from '@openvnet/client';
import { type Guest, Lab, PrivateSwitch, patience } from '@openvnet/lab';
import { startManager } from '@openvnet/manager';
import { pino } from 'pino';

export interface Scene extends AsyncDisposable {
  readonly client: Client;
  readonly vswitch: PrivateSwitch;
  readonly lab: Lab;
  /** A guest at a port named `if-<name>`, and its interface with the address in the network. */
  guest(name: string, place: { network: string; address: string; via: string; number: number }): Promise<Guest>;
  /** Waits until the switch has what the objects say, and forgets what it has cached. */
  settled(kind: 'interface' | 'filter' | 'route', uuid: string): Promise<void>;
  /** A call of the API for which the client has no word. */
  api(method: 'POST' | 'PUT', path: string, body: object): Promise<void>;
  /** Ends the agent and starts another with the same state. */
  restartAgent(): Promise<void>;
}

/** Starts a manager and an agent at a bridge `br0`, registered as `dp-br0`. */
export async function startScene(): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  const log = pino({ level: 'error' });
  const state = mkdtempSync(join(tmpdir(), 'openvnet-scene-'));
  stack.defer(() => rmSync(state, { recursive: true, force: true }));
  const vswitch = stack.use(await PrivateSwitch.start());
  const lab = stack.use(await Lab.create(vswitch));
  const listen = { host: '127.0.0.1', port: 0 };
  const manager = stack.use(await startManager({ listen, store: 'memory', logger: log }));
  const options = { manager: manager.url, openflow: listen, ovsdb: vswitch.ovsdb, state, node: 'vna', log };
  let agent = new Agent(options);
  await agent.start();
  stack.defer(() => agent.close());
  const client = createClient({ api: manager.url });
  await vswitch.addBridge({ name: 'br0', datapathId: '0x1', failMode: 'secure' });
  await client.datapaths.create({ uuid: 'dp-br0', display_name: 'br0', dpid: '0x1', node_id: 'vna' });
  const inEffect = async (kind: string, uuid: string): Promise<void> => {
    const { realised, waits_for } = await client.waitFor(kind, uuid, { seconds: 10 * patience });
    if (!realised) throw new Error(`${uuid} is not in effect: ${waits_for.join('; ')}`);
  };
  const parts = stack.move();
  return {
    client,
    vswitch,
    lab,
    async guest(name, { network, address, via, number }) {
      const uuid = `if-${name}`;
      const mac = `52:54:00:00:00:${number.toString(16).padStart(2, '0')}`;
      const made = await lab.namespace({
        name,
        bridge: 'br0',
        port: uuid,
        mac,
        addresses: [`${address}/24`],
        routes: [{ to: 'default', via }],
      });
      await client.interfaces.create({ uuid, network_uuid: network, ipv4_address: address, mac_address: mac });
      await inEffect('interface', uuid);
      return made;
    },
    async api(method, path, body) {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${manager.url}/api/1.0/${path}`, { method, headers, body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    },
    async restartAgent() {
      await agent.close();
      agent = new Agent(options);
      await agent.start();
      await inEffect('datapath', 'dp-br0');
    },
    async settled(kind, uuid) {
      await inEffect(kind, uuid);
      await vswitch.purge();
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** Answers connections at `port` in a guest with a line; returns when it listens. */
export async function serve(guest: Guest, port: number): Promise<void> {
  const text = `require('net').createServer((c) => { c.on('error', () => {}); c.on('data', (d) => c.write(d)); c.write('hello'); })
    .listen(${port}, () => console.log('up'))`;
  const server = guest.spawn(process.execPath, ['-e', text], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => server.stdout!.once('data', resolve));
}

/** Whether a server at the address greets a guest. */
export async function greets(guest: Guest, address: string, port: number): Promise<boolean> {
  const text = `const s = require('net').connect(${port}, '${address}');
    s.on('error', () => {}).on('data', (d) => { console.log(String(d)); process.exit(); });
    setTimeout(() => process.exit(), ${700 * patience});`;
  const { stdout } = await guest.exec(process.execPath, ['-e', text], { mayFail: true, timeoutMs: 5000 });
  return stdout === 'hello\n';
}

/** Sends datagrams that come to a port of a guest back; returns when it listens. */
export async function echoDatagrams(guest: Guest, port: number): Promise<void> {
  const text = `const s = require('dgram').createSocket('udp4').on('message', (m, r) => s.send(m, r.port, r.address));
    s.bind(${port}, () => console.log('up'));`;
  const server = guest.spawn(process.execPath, ['-e', text], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => server.stdout!.once('data', resolve));
}

interface Datagram {
  readonly to: string;
  readonly port: number;
  /** The port it is sent from; any unless given. */
  readonly from?: number;
  readonly size?: number;
}

/** What becomes of a datagram of a connected socket: its size when it comes back whole, an error by name, or nothing. */
export async function datagram(guest: Guest, { to, port, from = 0, size = 4000 }: Datagram): Promise<string> {
  const text = `const sent = Buffer.from(Array.from({ length: ${size} }, (_, i) => i % 251));
    const end = (word) => { console.log(word); process.exit(); };
    const s = require('dgram').createSocket('udp4');
    s.on('message', (m) => end(m.equals(sent) ? m.length : 'garbled')).on('error', ({ code }) => end(code));
    s.bind(${from}, () => s.connect(${port}, '${to}', () => s.send(sent)));
    setTimeout(() => end('nothing'), ${1500 * patience});`;
  return (await guest.exec(process.execPath, ['-e', text], { timeoutMs: 8000 })).stdout.trim();
}
