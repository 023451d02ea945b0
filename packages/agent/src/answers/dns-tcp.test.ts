import { agentReasons, trace } from '@openvnet/compiler';
import {
  interfaceRows,
  macOf,
  networkRows,
  segment,
  serviceRows,
  TestModel,
  TestSwitch,
} from '@openvnet/compiler/testing';
import {
  decodeEthernet,
  decodeIpv4,
  decodeTcp,
  encodeEthernet,
  encodeIpv4,
  encodeTcp,
  lengthFirst,
  type Tcp,
  tcpFlag,
  withoutLength,
} from '@openvnet/packet';
import * as dns from 'dns-packet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AnsweringSwitch } from '../testing/answering-switch.ts';

const ip = (host: number): number => 0x0a000100 + host;
const between = { src: ip(1), dst: ip(253) };
const { syn, ack, psh, rst } = tcpFlag;

let model: TestModel;
let agent: AnsweringSwitch;

/** Network 1 with DNS at interface 103, which knows 200 addresses of `many`. */
beforeEach(() => {
  model = new TestModel();
  for (const row of [
    ...networkRows(1),
    ...interfaceRows(11, 1, ip(1)),
    ...interfaceRows(103, 1, ip(253), 'simulated'),
    ...serviceRows(2, 103, 'dns'),
  ])
    model.put(...row);
  model.put('dns_service', { id: 1, uuid: 'dnss-1', public_dns: null, network_service_id: 2 });
  for (let i = 0; i < 200; i++) {
    const named = { name: 'many', ipv4_address: ip(i), ttl: null };
    model.put('dns_record', { id: 100 + i, uuid: `dnsr-${i}`, dns_service_id: 1, ...named });
  }
  agent = new AnsweringSwitch(model, [11]);
});

afterEach(() => agent.packetIns.close());

function hand(given: Partial<Tcp>): Tcp[] {
  const usual = { src_port: 4000, dst_port: 53, sequence: 0, acknowledgment: 0, flags: ack, window: 0xffff };
  const payload = encodeTcp({ ...usual, ...given }, between);
  const packet = encodeIpv4({ ...between, protocol: 6, payload });
  const frame = encodeEthernet({ dst: macOf(103), src: macOf(11), type: 0x0800, payload: packet });
  return agent.hand('dns_tcp', 11, frame, { gateway: 103 }).map((sent) => {
    expect(sent.port).toBe(11);
    const back = decodeIpv4(decodeEthernet(sent.frame).payload);
    return decodeTcp(back.payload, back);
  });
}

function query(name: string): Buffer {
  return lengthFirst(dns.encode({ type: 'query', id: 7, questions: [{ name, type: 'A' }] }));
}

describe('DNS over TCP', () => {
  it('gives an answer whole, in segments', () => {
    const [greeting] = hand({ flags: syn, sequence: 9 });
    const acknowledgment = (greeting!.sequence + 1) >>> 0;
    const answer = hand({ sequence: 10, acknowledgment, flags: ack | psh, payload: query('many.1') });
    expect(answer.length).toBeGreaterThan(5);
    const bytes = Buffer.concat(answer.map(({ payload }) => payload));
    const { answers, flag_tc, id } = dns.decode(withoutLength(bytes));
    expect([answers?.length, flag_tc, id, bytes.readUInt16BE(0)]).toEqual([200, false, 7, bytes.length - 2]);
    expect(agent.packetIns.counts).toEqual(
      new Map([
        ['dns_tcp connected', 1],
        ['dns_tcp answered', 1],
      ]),
    );
  });

  it('follows the model on a connection, and resets one that makes no sense', () => {
    const [greeting] = hand({ flags: syn, sequence: 9 });
    const acknowledgment = (greeting!.sequence + 1) >>> 0;
    const named = { name: 'late', ipv4_address: ip(77), ttl: null };
    model.put('dns_record', { id: 1, uuid: 'dnsr-late', dns_service_id: 1, ...named });
    const [answer] = hand({ sequence: 10, acknowledgment, payload: query('late.1') });
    expect(dns.decode(withoutLength(Buffer.from(answer!.payload))).answers?.length).toBe(1);
    const sequence = 10 + query('late.1').length;
    const after = (answer!.sequence + answer!.payload.length) >>> 0;
    const short = hand({ sequence, acknowledgment: after, payload: lengthFirst(Buffer.from('short')) });
    expect(short.at(-1)!.flags & rst).toBe(rst);
    expect(agent.packetIns.counts.get('dns_tcp malformed')).toBe(1);
  });

  it('lets a client through that makes a connection for each of many queries', () => {
    for (let i = 0; i < 20; i++) {
      const src_port = 5000 + i;
      const [greeting] = hand({ src_port, flags: syn, sequence: 9 });
      const acknowledgment = (greeting!.sequence + 1) >>> 0;
      hand({ src_port, sequence: 10, acknowledgment });
      const payload = query('nobody.1');
      const [answer] = hand({ src_port, sequence: 10, acknowledgment, payload });
      const more = { sequence: 10 + payload.length, acknowledgment: acknowledgment + answer!.payload.length };
      hand({ src_port, ...more });
      const [end] = hand({ src_port, ...more, flags: ack | tcpFlag.fin });
      expect(end!.flags).toBe(ack | tcpFlag.fin);
      hand({ src_port, sequence: more.sequence + 1, acknowledgment: more.acknowledgment + 1 });
    }
    expect([agent.packetIns.limited, agent.packetIns.counts.get('dns_tcp closed')]).toEqual([0, 20]);
  });

  it('takes connections to the agent, and no others for its address; a trace says so', async () => {
    const vswitch = new TestSwitch(model).port(11);
    const to = { mac: macOf(103), ip: ip(253), port: 53 };
    const outcome = vswitch.run(segment([11, ip(1), 4000], to));
    const other = vswitch.run(segment([11, ip(1), 4000], { ...to, port: 54 }));
    expect([outcome, other].map(({ toAgent }) => toAgent.map(({ reason }) => reason))).toEqual([
      [agentReasons.dns_tcp],
      [agentReasons.port_unreachable],
    ]);
    expect(outcome.trace.map(({ table }) => table)).toEqual(['admit', 'dispatch', 'route_in', 'hand_over']);
    const question = { about: 'trace', interface_id: 11, to: ip(253), protocol: 'tcp', port: 53 } as const;
    const told = await trace(
      [vswitch.inspected()],
      { ...question, size: 84, dont_fragment: false, both: true, live: false },
      async () => '',
    );
    expect([told!.delivered, told!.verdict]).toEqual([true, 'answered by a service of gateway if-103']);
    expect(
      told!.legs
        .at(-1)!
        .steps.slice(2)
        .map(({ feature, object_uuid, says }) => [feature, object_uuid, says]),
    ).toMatchInlineSnapshot(`
      [
        [
          "dns_tcp",
          "ns-2",
          "it is for a service of gateway if-103",
        ],
        [
          "hand_over",
          "ns-2",
          "goes to the agent: dns_tcp",
        ],
      ]
    `);
  });
});
