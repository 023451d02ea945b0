import { describe, expect, it } from 'vitest';
import { rubyYaml, withoutSymbols } from './ruby-yaml.ts';

describe('YAML of the original', () => {
  it('has symbols as keys, timestamps, and quotes where Ruby would read something else', () => {
    const network = {
      id: 1,
      uuid: 'nw-a',
      display_name: 'no',
      domain_name: ':a',
      dpid: '0x0000000000000001',
      mac_address: '52:54:00:00:00:01',
      created_at: '2015-12-18 04:13:28 UTC',
      deleted_at: null,
      mac_leases: [],
      absent: undefined,
    };
    const list = { total_count: 1, offset: 0, limit: 30, items: [network] };
    expect(rubyYaml(list, ['total_count', 'offset', 'limit'])).toMatchInlineSnapshot(`
      "---
      total_count: 1
      offset: 0
      limit: 30
      :items:
      - :id: 1
        :uuid: nw-a
        :display_name: 'no'
        :domain_name: ':a'
        :dpid: '0x0000000000000001'
        :mac_address: '52:54:00:00:00:01'
        :created_at: 2015-12-18 04:13:28.000000000 Z
        :deleted_at:
        :mac_leases: []
      "
    `);
    expect(rubyYaml({ error: 'E', message: 'Network#uuid: nw-x', code: '100' })).toMatchInlineSnapshot(`
      "---
      :error: E
      :message: 'Network#uuid: nw-x'
      :code: '100'
      "
    `);
    expect(rubyYaml(['dp-x', 'a\u202eb\n'])).toBe('---\n- dp-x\n- "a\\u202eb\\n"\n');
  });

  it('is read with and without symbols', () => {
    expect(withoutSymbols({ ':network': { ':uuid': 'nw-a', mode: 'virtual' }, list: [{ ':a': 1 }, 2] })).toEqual({
      network: { uuid: 'nw-a', mode: 'virtual' },
      list: [{ a: 1 }, 2],
    });
  });
});
