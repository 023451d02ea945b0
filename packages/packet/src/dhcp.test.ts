import { DecodeError } from '@openvnet/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Dhcp, decodeDhcp, encodeDhcp } from './index.ts';

/** A message of `hex` options, in the frame that every one has. */
function message(options: string, { file = '', name = '' } = {}): Buffer {
  const fixed = Buffer.from(
    `01 01 06 00  12345678  0003 8000  00000000 00000000 00000000 00000000  525400000001`.replace(/\s/g, ''),
    'hex',
  );
  const place = (text: string, size: number) => Buffer.concat([Buffer.from(text.replace(/\s/g, ''), 'hex')], size);
  const rest = Buffer.from(`63825363${options}`.replace(/\s/g, ''), 'hex');
  return Buffer.concat([fixed, Buffer.alloc(10), place(name, 64), place(file, 128), rest]);
}

const fixed = {
  op: 1,
  htype: 1,
  hlen: 6,
  hops: 0,
  xid: 0x1234_5678,
  secs: 3,
  broadcast: true,
  ciaddr: 0,
  yiaddr: 0,
  siaddr: 0,
  giaddr: 0,
  chaddr: 0x5254_0000_0001,
};

describe('a DHCP message', () => {
  it('reads and writes as RFC 2131 has it', () => {
    const bytes = message('35 01 01  3d 07 01525400000001  39 02 0240  37 03 01 03 79  ff');
    const decoded = decodeDhcp(bytes);
    expect({ ...decoded, options: { ...decoded.options, client_id: [...decoded.options.client_id!] } }).toEqual({
      ...fixed,
      options: {
        message_type: 1,
        client_id: [1, 0x52, 0x54, 0, 0, 0, 1],
        max_message_size: 576,
        parameter_request_list: [1, 3, 121],
      },
    });
    expect(encodeDhcp({ ...decoded, options: { message_type: 1 } }).toString('hex')).toBe(
      Buffer.concat([message('35 01 01 ff')], 300).toString('hex'),
    );
  });

  it('writes classless routes with no more bytes than they need', () => {
    const classless_routes = [
      { network: 0, prefix: 0, router: 0x0a00_0001 },
      { network: 0x0a11_0000, prefix: 16, router: 0x0a00_0002 },
      { network: 0x0a1b_8180, prefix: 25, router: 0x0a00_0003 },
    ];
    const bytes = encodeDhcp({ ...fixed, options: { classless_routes } });
    expect(bytes.subarray(240).toString('hex')).toMatch(/^791500 ?0a000001100a110a000002190a1b81800a000003ff/);
    expect(decodeDhcp(bytes).options).toEqual({ classless_routes });
  });

  it('takes padding, options without an end, parts of one option, and options in the other fields', () => {
    const options = '00 00  34 01 03  0f 03 6e6574  0f 01 31';
    const found = decodeDhcp(message(options, { file: '06 04 01020304 ff 03 04 09090909', name: '35 01 03 ff' }));
    expect(found.options).toEqual({ domain_name: 'net1', dns_servers: [0x0102_0304], message_type: 3 });
  });

  it('leaves out what does not fit, and splits what is long', () => {
    const options = { message_type: 5, dns_servers: Array.from({ length: 100 }, (_, i) => i), routers: [7] };
    expect(decodeDhcp(encodeDhcp({ ...fixed, options })).options).toEqual(options);
    const { dns_servers, ...others } = options;
    expect(dns_servers).toHaveLength(100);
    const bytes = encodeDhcp({ ...fixed, options }, { maxSize: 548 });
    expect(bytes.length).toBeLessThanOrEqual(548);
    expect(decodeDhcp(bytes).options).toEqual(others);
  });

  it('names the option that has a wrong length', () => {
    expect(() => decodeDhcp(message('01 05 ffffff0000'))).toThrow('too many in DHCP option subnet_mask');
    expect(() => decodeDhcp(message('79 05 21 0a000001'))).toThrow('a prefix of 33 bits');
    expect(() => decodeDhcp(message('35 09 01'))).toThrow(DecodeError);
    expect(() => decodeDhcp(message('').fill(0, 236, 240))).toThrow('no DHCP options');
  });
});

const u = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 });
const dhcp: fc.Arbitrary<Dhcp> = fc.record({
  op: u(8),
  htype: u(8),
  hlen: u(8),
  hops: u(8),
  xid: u(32),
  secs: u(16),
  broadcast: fc.boolean(),
  ciaddr: u(32),
  yiaddr: u(32),
  siaddr: u(32),
  giaddr: u(32),
  chaddr: u(48),
  options: fc.record(
    {
      subnet_mask: u(32),
      routers: fc.array(u(32), { maxLength: 5 }),
      domain_name: fc.stringMatching(/^[a-z.]{0,60}$/),
      requested_address: u(32),
      message_type: u(8),
      parameter_request_list: fc.array(u(8), { maxLength: 30 }),
      classless_routes: fc.array(
        fc.record({ network: fc.constant(0x0a00_0000), prefix: fc.integer({ min: 8, max: 32 }), router: u(32) }),
        { maxLength: 40 },
      ),
    },
    { requiredKeys: [] },
  ),
});

describe('any DHCP message', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(dhcp, (given) => {
        expect(decodeDhcp(encodeDhcp(given))).toEqual(given);
      }),
    );
  });

  it('that was cut, flipped or made up gives a DecodeError or a value', () => {
    const read = (bytes: Uint8Array): void => {
      try {
        decodeDhcp(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    };
    const spoilt = fc.property(
      dhcp,
      fc.nat(),
      fc.nat(),
      u(8),
      fc.uint8Array({ maxLength: 100 }),
      (given, cut, at, mask, tail) => {
        const whole = encodeDhcp(given);
        read(whole.subarray(0, cut % (whole.length + 1)));
        read(Buffer.concat([whole.subarray(0, 240), tail]));
        whole[240 + (at % (whole.length - 240))]! ^= mask;
        read(whole);
      },
    );
    fc.assert(spoilt, { numRuns: 500 });
  });
});
