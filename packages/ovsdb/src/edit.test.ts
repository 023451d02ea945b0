import { describe, expect, it } from 'vitest';
import { editOperations } from './edit.ts';
import { checkedResults } from './error.ts';

describe('editOperations', () => {
  it('updates columns and edits maps', () => {
    const columns = {
      fail_mode: undefined,
      datapath_type: 'netdev',
      protocols: ['OpenFlow13', 'OpenFlow15'],
      other_config: { hwaddr: '02:00:00:00:00:01', gone: undefined },
      external_ids: { gone: undefined },
    };
    expect(editOperations('Bridge', [['name', '==', 'br0']], columns)).toEqual([
      {
        op: 'update',
        table: 'Bridge',
        where: [['name', '==', 'br0']],
        row: { fail_mode: ['set', []], datapath_type: 'netdev', protocols: ['set', ['OpenFlow13', 'OpenFlow15']] },
      },
      {
        op: 'mutate',
        table: 'Bridge',
        where: [['name', '==', 'br0']],
        mutations: [
          ['other_config', 'delete', ['set', ['hwaddr', 'gone']]],
          ['other_config', 'insert', ['map', [['hwaddr', '02:00:00:00:00:01']]]],
          ['external_ids', 'delete', ['set', ['gone']]],
        ],
      },
    ]);
  });

  it('does nothing for nothing', () => {
    expect(editOperations('Bridge', [], {})).toEqual([]);
  });
});

describe('checkedResults', () => {
  const operations = [{ op: 'insert', table: 'Bridge' }, { op: 'abort' }];
  it('names the operation that was refused', () => {
    expect(() => checkedResults(operations, [{}, { error: 'aborted', details: 'on purpose' }])).toThrow(
      expect.objectContaining({
        message: 'operation 1 (abort) refused: aborted (on purpose)',
        operation: 1,
        error: 'aborted',
        details: 'on purpose',
      }),
    );
  });
  it('tells when the whole was refused in the end', () => {
    expect(() => checkedResults(operations, [{}, {}, { error: 'referential integrity violation' }])).toThrow(
      expect.objectContaining({ message: 'commit refused: referential integrity violation', operation: undefined }),
    );
  });
  it('does not take an answer without results', () => {
    expect(() => checkedResults(operations, null)).toThrow('answered without results');
    expect(() => checkedResults(operations, [{}])).toThrow('answered with 1 results for 2 operations');
  });
});
