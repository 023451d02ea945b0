import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readPlainYaml } from './plain-yaml.ts';
import { readYaml } from './whole-yaml.ts';

/** What the YAML parser makes of a text; `wrong` if it refuses it. */
function whole(text: string): unknown {
  try {
    return readYaml(text);
  } catch {
    return 'wrong';
  }
}

const words = [
  'true',
  'True',
  'null',
  '~',
  '017',
  '0x1f',
  '1e3',
  '1.50',
  '1.5',
  '24',
  '-1',
  '10.0.0.0/24',
  '52:54:00:00:00:01',
];
const texts = [
  'a b',
  'a: b',
  'a #b',
  "it's",
  '"',
  '\\',
  '',
  ' x',
  'é',
  'U+2028 \u2028',
  'a\nb',
  '- a',
  '0x',
  '2026-11-27',
  'no',
];
const value = fc.oneof(fc.constantFrom(...words, ...texts), fc.integer(), fc.double(), fc.boolean(), fc.constant(null));
const key = fc.constantFrom('uuid', 'mode', 'ipv4_address', 'display_name', 'mtu', 'true', 'null');
const flat = fc.dictionary(key, value, { minKeys: 1 });
const object = fc.oneof(
  flat,
  fc.tuple(flat, fc.array(flat)).map(([one, ports]) => ({ ...one, ports })),
);
const topology = fc.dictionary(
  fc.constantFrom('networks', 'interfaces', 'topology'),
  fc.oneof(fc.array(object), flat),
  {
    minKeys: 1,
  },
);

describe('YAML in its plain form', () => {
  it('is read as the whole parser reads it, or left to that', () => {
    fc.assert(
      fc.property(topology, fc.boolean(), (content, indentSeq) => {
        const text = stringify(content, { indentSeq });
        const read = readPlainYaml(text);
        if (read !== undefined) expect(read).toEqual(whole(text));
      }),
      { numRuns: 500 },
    );
  });

  it('is never read otherwise where lines are moved, cut, indented, repeated or replaced', () => {
    const lines = [
      'a:',
      'b: 1',
      '- a: 1',
      '  b: "x\\ty"',
      "  b: ''",
      '    c: []',
      '# a',
      '  - a:',
      '  c: d e',
      'a : 1',
      'a: 1 # b',
      '',
      '---',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...lines), { minLength: 1, maxLength: 8 }), (some) => {
        const text = some.join('\n');
        const read = readPlainYaml(text);
        if (read !== undefined) expect([text, read]).toEqual([text, whole(text)]);
      }),
      { numRuns: 5000 },
    );
  });

  it('is what exports and people write', () => {
    const text = `# Two guests.
datapaths:
  - uuid: dp-br0
    dpid: "0x0000feedface0001"
networks:
- uuid: nw-a
  ipv4_network: 10.0.0.0
  ipv4_prefix: 24

interfaces:
  - uuid: if-a
    display_name: guest one
    mac_address: 52:54:00:00:00:01
    enable_filtering: true
    ports:
      - port_name: 'veth 1'
`;
    expect(readPlainYaml(text)).toEqual(readYaml(text));
    expect(readPlainYaml(text)).toMatchObject({ networks: [{ ipv4_prefix: 24 }], interfaces: [{ ports: [{}] }] });
  });
});
