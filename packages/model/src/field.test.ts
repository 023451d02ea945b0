import { describe, expect, it } from 'vitest';
import {
  boolean,
  datapathId,
  integer,
  ipv4Address,
  ipv4List,
  macAddress,
  oneOf,
  parsePrefix,
  text,
  time,
} from './field.ts';
import { type Field, inOneLine } from './field-type.ts';
import { parseDatapathId, parseMac } from './text.ts';

const doc = 'A field.';
const fails = (field: Pick<Field, 'read' | 'explain'>, given: unknown): string | undefined =>
  field.read(given) === undefined ? inOneLine(field.explain(given, 'value')) : undefined;

describe('fields', () => {
  it('read addresses as numbers', () => {
    expect(ipv4Address({ doc }).read('172.16.1.254')).toBe(0xac1001fe);
    expect(ipv4Address({ doc }).read('10.0.0.1/255.0.0.0')).toBe(0x0a000001);
    expect(macAddress({ doc }).read('52:54:00:0D:84:01')).toBe(0x5254000d8401);
    expect(parseMac('5254.000d.8401')).toBe(0x5254000d8401);
  });

  it('read lists of addresses with white space anywhere, and moments', () => {
    const list = ipv4List({ doc });
    expect(list.read(' 8.8.8.8 ,\t1.1.1.1')).toBe('8.8.8.8,1.1.1.1');
    expect(list.read(['8.8.8.8', '1.1.1.1'])).toBe('8.8.8.8,1.1.1.1');
    expect(list.read('')).toBe('');
    for (const bad of ['8.8.8', '8.8.8.8,', 'dns.example', { a: 1 }]) expect(fails(list, bad)).toContain('expected');
    const moment = time({ doc });
    expect(moment.render(moment.read('2026-01-31 12:00:00 UTC')!)).toBe('2026-01-31 12:00:00 UTC');
  });

  it('read a datapath id however it is written', () => {
    for (const spelling of ['0x000002fdee8e0a44', '2fdee8e0a44', '000002FDEE8E0A44', '00:00:02:fd:ee:8e:0a:44']) {
      expect(parseDatapathId(spelling)).toBe('000002fdee8e0a44');
    }
    expect(datapathId({ doc }).render('000002fdee8e0a44')).toBe('0x000002fdee8e0a44');
  });

  it('read numbers in the bases of the original, and truth in its words', () => {
    const number = integer({ min: -1, max: 100, doc });
    expect(['10', '0x10', '010', '0b10', '-1', 7].map((given) => number.read(given))).toEqual([10, 16, 8, 2, -1, 7]);
    expect(['y', 'YES', 't', 'true', '1', true].map((given) => boolean({ doc }).read(given))).not.toContain(false);
    expect(['n', 'no', 'f', 'False', '0', false].map((given) => boolean({ doc }).read(given))).not.toContain(true);
  });

  it('refuse what they cannot take with the value and what is expected', () => {
    expect([
      fails(ipv4Address({ doc }), '172.16.1.256'),
      fails(ipv4Address({ doc }), '010.0.0.1'),
      fails(ipv4Address({ doc }), 5),
      fails(ipv4Address({ doc }), '10.0.0.0/33'),
      fails(macAddress({ doc }), '52:54:00:0d:84'),
      fails(integer({ min: 1, max: 32, unit: 'bits', doc }), '33'),
      fails(integer({ min: 1, max: 32, doc }), ''),
      fails(boolean({ doc }), 'perhaps'),
      fails(oneOf(['virtual', 'physical'], { doc }), 'other'),
      fails(text({ max: 3, doc }), 'a'.repeat(100)),
      fails(text({ doc }), '\ufffd'),
      fails(text({ doc }), 'half a pair: \ud83d'),
      fails(datapathId({ doc }), '0x'),
    ]).toMatchInlineSnapshot(`
      [
        "Could not parse IPv4 address: 172.16.1.256 (value: expected four numbers from 0 to 255 without leading zeros, such as 172.16.1.1)",
        "Could not parse IPv4 address: 010.0.0.1 (value: expected four numbers from 0 to 255 without leading zeros, such as 172.16.1.1)",
        "Could not parse IPv4 address: 5 (value: expected four numbers from 0 to 255 without leading zeros, such as 172.16.1.1)",
        "Could not parse IPv4 address: 10.0.0.0/33 (value: expected four numbers from 0 to 255 without leading zeros, such as 172.16.1.1)",
        "Could not parse MAC address: 52:54:00:0d:84 (value: expected six bytes in hexadecimal, such as 52:54:00:0d:84:01)",
        "parameter validation failed: value 33 (value: expected a whole number from 1 to 32, bits)",
        "Could not take number:  (value: expected a whole number from 1 to 32)",
        "Could not read truth value: perhaps (value: expected true or false)",
        "parameter validation failed: value "other" (value: expected one of virtual, physical)",
        "Could not read text: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa… (100 characters) (value: expected at most 3 characters of UTF-8)",
        "Could not read text: � (value: expected at most 255 characters of UTF-8)",
        "Could not read text: half a pair: \ud83d (value: expected at most 255 characters of UTF-8)",
        "dpid must be a 16 byte hexadecimal number. Got: "0x" (value: expected 1 to 16 hexadecimal digits, with or without 0x, such as 0x000002fdee8e0a44)",
      ]
    `);
  });

  it('take a prefix as a number or as a mask', () => {
    expect(['24', '0', '255.255.255.0', '0.0.0.0', '255.255.255.255'].map(parsePrefix)).toEqual([24, 0, 24, 0, 32]);
    expect(['33', '255.0.255.0', 'x', ''].map(parsePrefix)).toEqual([undefined, undefined, undefined, undefined]);
  });
});
