import * as dns from 'dns-packet';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { View } from '../engine/relations.ts';
import { datapathId, interfaceRows, networkRows, serviceRows, TestModel, TestSwitch } from '../testing/index.ts';
import { answerDns } from './dns-answer.ts';
import { namesOf } from './dns-names.ts';

const ip = (network: number, host: number): number => 0x0a000000 + network * 256 + host;

let model: TestModel;

/** Network 1 with DNS at interface 103, and one record. */
beforeEach(() => {
  model = new TestModel();
  for (const row of [
    ...networkRows(1),
    ...interfaceRows(103, 1, ip(1, 253), 'simulated'),
    ...serviceRows(2, 103, 'dns'),
  ])
    model.put(...row);
  model.put('dns_service', { id: 1, uuid: 'dnss-1', public_dns: null, network_service_id: 2 });
  model.put('dns_record', { id: 1, uuid: 'dnsr-1', dns_service_id: 1, name: 'www', ipv4_address: ip(1, 2), ttl: null });
});

describe('any query', () => {
  it('that was cut, flipped or made up has an answer, or none, in little time', () => {
    const vswitch = new TestSwitch(model);
    vswitch.compiler.update();
    const view = new View(datapathId, vswitch.compiler.relations);
    const names = namesOf(2, 103, view);
    const whole = dns.encode({
      type: 'query',
      id: 1,
      questions: [{ name: 'www.net1.test', type: 'A' }],
      additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 4096, flags: 0, options: [] } as never],
    });
    const try_ = (bytes: Buffer): void => {
      if (bytes.length >= 12) expect(answerDns(bytes, names).what).toBeTypeOf('string');
      else expect(() => answerDns(bytes, names)).toThrow('no DNS header');
    };
    const flipped = fc.property(fc.nat(), fc.nat(255), fc.nat(whole.length), (at, mask, size) => {
      const bytes = Buffer.from(whole);
      bytes[at % bytes.length]! ^= mask;
      try_(bytes);
      try_(bytes.subarray(0, size));
    });
    fc.assert(flipped, { numRuns: 1000 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => try_(Buffer.concat([whole.subarray(0, 12), bytes]))),
    );
  });
});
