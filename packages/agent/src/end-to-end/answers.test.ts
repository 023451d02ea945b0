import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeEthernet } from '@openvnet/packet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fieldReport } from '../testing/field-report.ts';
import { Host, until } from '../testing/host.ts';

let host: Host;
let sent: string;
beforeAll(async () => {
  host = await Host.start();
  await fieldReport(host);
  sent = join(host.vswitch.runDirectory, 'sent.pcap');
  await host.vswitch.deletePorts('if-veth1');
  await host.vswitch.addPort('br0', 'if-veth1', { ofportRequest: 1, options: { tx_pcap: sent } });
  await host.settled();
}, 20_000);
afterAll(() => host[Symbol.asyncDispose]());

/** Frames that the switch has sent to the guest at `if-veth1` so far. */
function frames(): Uint8Array[] {
  const file = readFileSync(sent);
  const found: Uint8Array[] = [];
  for (let at = 24; at + 16 <= file.length; ) {
    const size = file.readUInt32LE(at + 8);
    found.push(file.subarray(at + 16, at + 16 + size));
    at += 16 + size;
  }
  return found;
}

/** Sends a packet from the first guest by way of its gateway. */
async function send(dst: string, ttl: number, rest: string, proto = 1): Promise<void> {
  const layers = [
    'in_port(1),eth(src=52:54:00:0d:84:01,dst=52:54:00:74:00:00),eth_type(0x0800)',
    `ipv4(src=172.16.1.1,dst=${dst},proto=${proto},tos=0,ttl=${ttl},frag=no)`,
    rest,
  ];
  await host.vswitch.inject('if-veth1', layers.join(','));
}

const echo = 'icmp(type=8,code=0)';
const datagram = 'udp(src=1000,dst=2000)';

/** Type and code of the ICMP message in a frame, and who sent it. */
function icmp(frame: Uint8Array): { from: string; type: number; code: number } {
  const { payload } = decodeEthernet(frame);
  return { from: payload.subarray(12, 16).join('.'), type: payload[20]!, code: payload[21]! };
}

describe('a guest is told by its gateway', () => {
  it.each([
    ['that nothing leads there', '8.8.8.8', 64, echo, 1, { type: 3, code: 0 }],
    ['that nobody is there', '172.16.2.99', 64, echo, 1, { type: 3, code: 1 }],
    ['that the time to live is over', '172.16.2.3', 1, echo, 1, { type: 11, code: 0 }],
    ['that the gateway does not listen there', '172.16.1.254', 64, datagram, 17, { type: 3, code: 3 }],
    ['that the far gateway does not listen there', '172.16.2.254', 64, datagram, 17, { type: 3, code: 3 }],
  ] as const)('%s', async (_, dst, ttl, rest, proto, wanted) => {
    const before = frames().length;
    await send(dst, ttl, rest, proto);
    await until(() => frames().length > before, { timeoutMs: 2000 });
    expect(frames().slice(before).map(icmp)).toEqual([{ from: '172.16.1.254', ...wanted }]);
  });

  it('so many times a second and no more, however much it sends, by an agent that is connected twice', async () => {
    await until(() => host.agent.switches.report()[0]?.connection !== null);
    const before = frames().length;
    const began = performance.now();
    for (let burst = 0; burst < 60; burst++) await send('8.8.8.8', 64, echo);
    await until(() => frames().length > before, { timeoutMs: 2000 });
    // Twenty at once, and ten a second as long as that takes.
    const seconds = (performance.now() - began) / 1000;
    expect(frames().length - before).toBeLessThan(22 + 10 * seconds);
    expect(host.agent.switches.packetIns.limited).toBeGreaterThan(0);
  }, 20_000);
});
