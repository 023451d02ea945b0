import { decodeEthernet, decodeIpv4, decodeUdp } from '@openvnet/packet';
import * as dns from 'dns-packet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FailingCalls } from '../testing/failing-calls.ts';
import { fieldReport } from '../testing/field-report.ts';
import { Host, until } from '../testing/host.ts';
import { address, datagram, Wires } from '../testing/wires.ts';

const guest = { mac: 0x5254_000d_8401, ip: address('172.16.1.1') };
const service = { mac: 0x5254_0000_0153, ip: address('172.16.1.53') };

let host: Host;
let wires: Wires;
beforeAll(async () => {
  host = await Host.start();
  await fieldReport(host);
  wires = new Wires(host);
  await host.vswitch.deletePorts('if-veth1');
  await wires.plug('if-veth1', 1);
  const own = { network_uuid: 'nw-net1', mac_address: '52:54:00:00:01:53', ipv4_address: '172.16.1.53' };
  await host.api('POST', '/interfaces', { uuid: 'if-dns', mode: 'simulated', ...own });
  await host.api('POST', '/network_services', { uuid: 'ns-dns', interface_uuid: 'if-dns', mode: 'dns' });
  // Nobody serves DNS there; the host is told so at once.
  const servers = { network_service_uuid: 'ns-dns', public_dns: '127.99.99.99' };
  await host.api('POST', '/dns_services', { uuid: 'dnss-1', ...servers });
  await host.settled();
}, 30_000);
afterAll(() => host[Symbol.asyncDispose](), 30_000);

/** What the guest is told about a name. */
async function ask(name: string): Promise<string> {
  const query = dns.encode({ type: 'query', id: 7, questions: [{ name, type: 'A' }] });
  const before = wires.frames('if-veth1').length;
  await host.vswitch.inject('if-veth1', datagram(guest, service, [4000, 53], query).toString('hex'));
  await until(() => wires.frames('if-veth1').length > before, { timeoutMs: 4000 });
  const packet = decodeIpv4(decodeEthernet(wires.last('if-veth1')!).payload);
  return (dns.decode(Buffer.from(decodeUdp(packet.payload, packet).payload)) as { rcode?: string }).rcode!;
}

let turn = 0;

/** A start of the agent, a change of the model and its reverse, and a query that goes to a public server. */
async function work(): Promise<void> {
  await host.stopAgent();
  await host.startAgent().catch(async (error: Error) => {
    // It may say, in a sentence, that it cannot start; then it is started again.
    if (!error.message.startsWith('Cannot ')) throw error;
    await host.stopAgent();
    await host.startAgent();
  });
  await host.settled({ timeoutMs: 10_000 });
  const uuid = `if-turn${++turn}`;
  const lease = { network_uuid: 'nw-net1', mac_address: '52:54:00:00:77:01', ipv4_address: '172.16.1.77' };
  await host.api('POST', '/interfaces', { uuid, mode: 'simulated', ...lease });
  await host.settled({ timeoutMs: 10_000 });
  const told = await ask('example.com').catch((error: Error) => error.message);
  await host.api('DELETE', `/interfaces/${uuid}`);
  expect(told).toBe('SERVFAIL');
  await host.settled({ timeoutMs: 10_000 });
}

describe('whatever a socket or a file does', () => {
  it('the agent and the manager go on, and serve as before', { timeout: 240_000 }, async () => {
    using calls = new FailingCalls(['agent', 'openflow', 'ovsdb', 'manager']);
    await work();
    const sites = calls.sites;
    // The scenario must reach what it is about.
    for (const part of ['udp-exchange', 'transport', 'session', 'feed/client', 'slice-file', 'feed/feed'])
      expect(sites.map(({ name }) => name).join('\n')).toContain(part);
    const failed: string[] = [];
    for (const { name, failures } of sites) {
      for (const failure of failures) {
        calls.arm(name, failure);
        await work().catch((error: Error) => failed.push(`${name} ${failure}: ${error.message}`));
        calls.disarm();
      }
    }
    expect(calls.uncaught).toEqual([]);
    expect(failed).toEqual([]);
    expect(calls.injected).toBeGreaterThan(sites.length);
  });
});
