import { agentReasons, type ModelRows } from '@openvnet/compiler';
import { interfaceRows, macOf, networkRows, serviceRows, TestModel, TestSwitch } from '@openvnet/compiler/testing';
import { decodeEthernet, decodeIpv4, decodeUdp, encodeEthernet, encodeIpv4, encodeUdp } from '@openvnet/packet';
import * as dns from 'dns-packet';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { AnsweringSwitch } from '../testing/answering-switch.ts';

const ip = (network: number, host: number): number => 0x0a000000 + network * 256 + host;
const server = ip(1, 253);

let model: TestModel;
let agent: AnsweringSwitch;

/** Network 1, domain `net1.test`, with DNS at interface 103. */
beforeEach(() => {
  model = new TestModel();
  for (const row of [
    ...networkRows(1),
    ...interfaceRows(11, 1, ip(1, 1)),
    ...interfaceRows(12, 1, ip(1, 2)),
    ...interfaceRows(103, 1, server, 'simulated'),
    ...serviceRows(2, 103, 'dns'),
  ])
    model.put(...row);
  model.put('network', { ...model.relations.network.get(1)!, domain_name: 'Net1.test' } as ModelRows['network']);
  model.put('interface', { ...model.relations.interface.get(12)!, display_name: 'Web' } as ModelRows['interface']);
  model.put('dns_service', { id: 1, uuid: 'dnss-1', public_dns: null, network_service_id: 2 });
  record(1, 'www', ip(1, 2));
  record(2, 'a.b.net1.test', ip(1, 9), 60);
  record(3, 'elsewhere.example.', ip(9, 9));
  agent = new AnsweringSwitch(model, [11, 12]);
});

function record(id: number, name: string, ipv4_address: number, ttl: number | null = null): void {
  model.put('dns_record', { id, uuid: `dnsr-${id}`, dns_service_id: 1, name, ipv4_address, ttl });
}

function frame(payload: Uint8Array, port = 11): Buffer {
  const between = { src: ip(1, port - 10), dst: server };
  const packet = encodeIpv4({
    ...between,
    protocol: 17,
    payload: encodeUdp({ src_port: 4000, dst_port: 53, payload }, between),
  });
  return encodeEthernet({ dst: macOf(103), src: macOf(port), type: 0x0800, payload: packet });
}

function message(bytes: Uint8Array): dns.DecodedPacket & { size: number; rcode: string } {
  const packet = decodeIpv4(decodeEthernet(bytes).payload);
  const { payload, dst_port } = decodeUdp(packet.payload, packet);
  expect(dst_port).toBe(4000);
  return { ...dns.decode(Buffer.from(payload)), size: payload.length } as never;
}

function ask(name: string, type: dns.RecordType = 'A', more: dns.Packet = {}) {
  const query = dns.encode({
    type: 'query',
    id: 7,
    flags: dns.RECURSION_DESIRED,
    questions: [{ name, type }],
    ...more,
  });
  const [reply] = agent.hand('dns', 11, frame(query), { gateway: 103 });
  const { rcode, answers = [], id } = message(reply!.frame);
  expect([reply!.port, id]).toEqual([11, 7]);
  return [rcode, ...answers.map((each) => `${(each as { data?: unknown }).data} ${(each as { ttl?: number }).ttl}`)];
}

describe('dns', () => {
  it('knows records and interfaces by their names, whatever the case', () => {
    expect(ask('www.net1.test')).toEqual(['NOERROR', '10.0.1.2 300']);
    expect(ask('WWW.Net1.test')).toEqual(['NOERROR', '10.0.1.2 300']);
    expect(ask('www')).toEqual(['NOERROR', '10.0.1.2 300']);
    expect(ask('a.b.net1.test')).toEqual(['NOERROR', '10.0.1.9 60']);
    expect(ask('elsewhere.example')).toEqual(['NOERROR', '10.0.9.9 300']);
    expect(ask('web.net1.test')).toEqual(['NOERROR', '10.0.1.2 300']);
    expect(ask('11.net1.test')).toEqual(['NOERROR', '10.0.1.1 300']);
  });

  it('knows who has an address', () => {
    expect(ask('1.1.0.10.in-addr.arpa', 'PTR')).toEqual(['NOERROR', '11.net1.test 300']);
    expect(ask('2.1.0.10.in-addr.arpa', 'PTR')).toEqual([
      'NOERROR',
      'www.net1.test 300',
      'web.net1.test 300',
      '12.net1.test 300',
    ]);
    expect(ask('77.1.0.10.in-addr.arpa', 'PTR')).toEqual(['NXDOMAIN']);
  });

  it('tells a name that is not there from one that has no such record', () => {
    expect(ask('nobody.net1.test')).toEqual(['NXDOMAIN']);
    expect(ask('www.net1.test', 'AAAA')).toEqual(['NOERROR']);
    expect(ask('b.net1.test')).toEqual(['NOERROR']);
    expect(ask('net1.test', 'SOA')).toEqual(['NOERROR']);
  });

  it('has nobody to ask for other names without public servers', () => {
    expect(ask('example.com')).toEqual(['SERVFAIL']);
    expect(ask('1.2.0.10.in-addr.arpa', 'PTR')).toEqual(['SERVFAIL']);
  });

  it('says that it failed where the host has no way to the public server', async () => {
    // Nobody may connect to the broadcast address.
    model.put('dns_service', { ...model.relations.dns_service.get(1)!, public_dns: '255.255.255.255' });
    const query = dns.encode({ type: 'query', id: 7, questions: [{ name: 'example.com', type: 'A' }] });
    agent.hand('dns', 11, frame(query), { gateway: 103 });
    await vi.waitFor(() => expect(agent.sent.length).toBe(1));
    expect(message(agent.sent[0]!.frame)).toMatchObject({ id: 7, rcode: 'SERVFAIL' });
    expect(agent.packetIns.counts.get('dns server unreachable')).toBe(1);
  });

  it('follows the model', () => {
    expect(ask('late.net1.test')).toEqual(['NXDOMAIN']);
    record(9, 'late', ip(1, 77));
    expect(ask('late.net1.test')).toEqual(['NOERROR', '10.0.1.77 300']);
    model.remove('dns_record', 9);
    expect(ask('late.net1.test')).toEqual(['NXDOMAIN']);
  });

  it('truncates what does not fit, and takes the size that the client says', () => {
    for (let i = 0; i < 50; i++) record(100 + i, 'many', ip(1, 100 + i));
    const query = (additionals: dns.Answer[]) =>
      dns.encode({ type: 'query', id: 1, questions: [{ name: 'many', type: 'A' }], additionals });
    const plain = message(agent.hand('dns', 11, frame(query([])), { gateway: 103 })[0]!.frame);
    expect([plain.flag_tc, plain.answers?.length, plain.size < 512]).toEqual([true, 0, true]);
    const opt = { type: 'OPT', name: '.', udpPayloadSize: 4096, flags: 0, options: [] } as never;
    const large = message(agent.hand('dns', 11, frame(query([opt])), { gateway: 103 })[0]!.frame);
    expect([large.flag_tc, large.answers?.length, large.size < 1232]).toEqual([false, 50, true]);
  });

  it('refuses what it does not do', () => {
    const header = (flags: number, questions: number) => {
      const bytes = Buffer.alloc(12);
      bytes.writeUInt16BE(flags, 2);
      bytes.writeUInt16BE(questions, 4);
      return bytes;
    };
    const say = (bytes: Buffer) =>
      agent.hand('dns', 11, frame(bytes), { gateway: 103 }).map((each) => message(each.frame).rcode);
    expect([
      say(header(0, 0)),
      say(header(0, 5)),
      say(header(0x2000, 0)),
      say(header(0x8000, 0)),
      say(Buffer.alloc(3)),
    ]).toEqual([['FORMERR'], ['FORMERR'], ['NOTIMP'], [], []]);
    expect(agent.packetIns.counts.get('dns malformed')).toBe(3);
  });

  it('takes queries to the agent, and no others for its address', () => {
    const vswitch = new TestSwitch(model).port(11);
    const query = {
      in_port: 11,
      eth_src: macOf(11),
      eth_dst: macOf(103),
      eth_type: 0x0800,
      ipv4_src: ip(1, 1),
      ipv4_dst: server,
      ip_proto: 17,
      udp_src: 4000,
      udp_dst: 53,
    };
    const reasons = (packet: object) => vswitch.run(packet).toAgent.map(({ reason }) => reason);
    expect([reasons(query), reasons({ ...query, udp_dst: 54 }), reasons({ ...query, ipv4_src: ip(1, 2) })]).toEqual([
      [agentReasons.dns],
      [agentReasons.port_unreachable],
      [agentReasons.refused],
    ]);
  });
});
