import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BridgeChange, Bridges } from './bridges.ts';
import { OvsdbError } from './error.ts';

const reference = (uuid: string) => ['uuid', uuid];
const references = (...uuids: string[]) => ['set', uuids.map(reference)];

/** The contents with one bridge and its ports: rows are named after them, with `generation` as part of the uuids. */
function contents(names: readonly string[], generation = ''): object {
  const rows = (make: (name: string, index: number) => [string, object]) =>
    Object.fromEntries(names.map((name, index) => make(name, index)));
  const ports =
    names.length === 1
      ? reference(`P-${names[0]}${generation}`)
      : references(...names.map((name) => `P-${name}${generation}`));
  return {
    Open_vSwitch: { [`O${generation}`]: { initial: { ovs_version: '3.1.0', next_cfg: 1, cur_cfg: 1 } } },
    Bridge: {
      [`B${generation}`]: { initial: { name: 'br0', datapath_id: '00000a0b0c0d0e0f', fail_mode: 'secure', ports } },
    },
    Port: rows((name) => [
      `P-${name}${generation}`,
      { initial: { name, interfaces: reference(`I-${name}${generation}`) } },
    ]),
    Interface: rows((name, index) => [`I-${name}${generation}`, { initial: { name, ofport: index + 1 } }]),
  };
}

function loaded(...names: string[]): Bridges {
  const bridges = new Bridges();
  bridges.replace(contents(names));
  return bridges;
}

/** Changes in short: what appeared or changed by name, what vanished with a minus. */
const brief = (changes: readonly BridgeChange[]) =>
  changes.map((change) => `${change.at(-1) ? '' : '-'}${change.slice(0, -1).join(' ')}`);

describe('Bridges', () => {
  it('reads the first contents, columns at their defaults left out', () => {
    const bridges = new Bridges();
    expect(brief(bridges.replace(contents(['p1', 'p2'])))).toEqual(['bridge br0', 'port br0 p1', 'port br0 p2']);
    expect(bridges.global).toEqual({ ovs_version: '3.1.0', next_cfg: 1, cur_cfg: 1 });
    const [bridge] = bridges.state.values();
    expect({ ...bridge, ports: [...bridge!.ports.values()].slice(1) }).toEqual({
      name: 'br0',
      dpid: 0x0a0b_0c0d_0e0fn,
      failMode: 'secure',
      datapathType: '',
      controllers: [],
      connectedControllers: [],
      ports: [
        {
          name: 'p2',
          ofport: 2,
          type: '',
          ifaceId: undefined,
          linkState: undefined,
          adminState: undefined,
          isolated: false,
          options: new Map(),
          error: undefined,
          mac: undefined,
        },
      ],
      externalIds: new Map(),
      otherConfig: new Map(),
    });
  });

  it('shows a port as isolated while it is a trunk of the reserved VLAN and of no other', () => {
    const bridges = loaded('p1', 'p2');
    const seen = (columns: object): unknown[] => {
      const told = brief(bridges.update({ Port: { 'P-p1': { modify: columns } } }));
      return [bridges.state.get('br0')?.ports.get('p1')?.isolated, bridges.portRows('br0', true), told];
    };
    expect(seen({ trunks: 4095 })).toEqual([false, [], []]);
    expect(seen({ vlan_mode: 'trunk' })).toEqual([true, ['P-p1'], ['port br0 p1']]);
    expect(seen({ trunks: ['set', [10, 11]] })).toEqual([false, [], ['port br0 p1']]);
    expect(seen({ trunks: ['set', [10, 11]] })).toEqual([true, ['P-p1'], ['port br0 p1']]);
    expect(bridges.portRows('br0', false)).toEqual(['P-p2']);
  });

  it('toggles the elements of a set: a port is added, then removed', () => {
    const bridges = loaded('p1');
    const added = {
      Interface: { 'I-p2': { insert: { name: 'p2' } } },
      Port: { 'P-p2': { insert: { name: 'p2', interfaces: reference('I-p2') } } },
      Bridge: { B: { modify: { ports: reference('P-p2') } } },
    };
    const { ports } = bridges.state.get('br0')!;
    expect(brief(bridges.update(added))).toEqual(['port br0 p2']);
    const removed = {
      Interface: { 'I-p2': { delete: null } },
      Port: { 'P-p2': { delete: null } },
      Bridge: { B: { modify: { ports: reference('P-p2') } } },
    };
    expect([...ports.keys()]).toEqual(['p1', 'p2']);
    expect(brief(bridges.update(removed))).toEqual(['-port br0 p2']);
    expect([...ports.keys()]).toEqual(['p1']);
  });

  it('replaces optional values, and counts a negative number as none', () => {
    const bridges = loaded('p1');
    const port = () => bridges.state.get('br0')?.ports.get('p1');
    const change = (columns: object) => bridges.update({ Interface: { 'I-p1': { modify: columns } } });
    change({ ofport: -1, error: 'no such device', link_state: 'down', mac_in_use: '02:00:00:00:00:01' });
    expect(port()).toMatchObject({
      ofport: undefined,
      error: 'no such device',
      linkState: 'down',
      mac: '02:00:00:00:00:01',
    });
    change({ ofport: 5, error: ['set', []], link_state: 'up' });
    expect(port()).toMatchObject({ ofport: 5, error: undefined, linkState: 'up' });
    bridges.update({ Bridge: { B: { modify: { fail_mode: ['set', []] } } } });
    expect(bridges.state.get('br0')?.failMode).toBeUndefined();
  });

  it('applies the difference of a map: a new value replaces, a pair that is there goes', () => {
    const bridges = loaded('p1');
    const change = (...pairs: [string, string][]) =>
      bridges.update({ Bridge: { B: { modify: { external_ids: ['map', pairs] } } } });
    const ids = () => Object.fromEntries(bridges.state.get('br0')!.externalIds);
    change(['a', '1'], ['b', '2']);
    const before = bridges.state.get('br0')!.externalIds;
    change(['a', '3'], ['b', '2'], ['c', '4']);
    expect(ids()).toEqual({ a: '3', c: '4' });
    expect(Object.fromEntries(before)).toEqual({ a: '1', b: '2' });
  });

  it('follows the targets of controllers', () => {
    const bridges = loaded('p1');
    bridges.update({
      Bridge: { B: { modify: { controller: references('C1', 'C2') } } },
      Controller: { C1: { insert: { target: 'tcp:b' } }, C2: { insert: { target: 'tcp:a' } } },
    });
    expect(bridges.state.get('br0')?.controllers).toEqual(['tcp:a', 'tcp:b']);
    bridges.update({ Controller: { C1: { modify: { target: 'tcp:0' } } } });
    expect(bridges.state.get('br0')?.controllers).toEqual(['tcp:0', 'tcp:a']);
  });

  it('shows every member of a bond', () => {
    const bridges = loaded('p1');
    const update = {
      Port: { 'P-p1': { modify: { interfaces: reference('I-p2') } } },
      Interface: { 'I-p2': { insert: { name: 'p2', ofport: 9 } } },
    };
    expect(brief(bridges.update(update))).toEqual(['port br0 p2']);
  });

  it('says nothing of what does not show', () => {
    const bridges = loaded('p1');
    expect(bridges.update({ Open_vSwitch: { O: { modify: { cur_cfg: 7 } } } })).toEqual([]);
    expect(bridges.global?.cur_cfg).toBe(7);
    expect(bridges.update({ Interface: { 'I-p1': { modify: { external_ids: ['map', [['other', 'x']]] } } } })).toEqual(
      [],
    );
  });

  it('finds no change in the same contents with other uuids, and only the changes in others', () => {
    const bridges = loaded('p1', 'p2');
    expect(bridges.replace(contents(['p1', 'p2'], 'x'))).toEqual([]);
    expect(brief(bridges.replace(contents(['p1', 'p3'])))).toEqual(['-port br0 p2', 'port br0 p3']);
    expect(brief(bridges.replace({}))).toEqual(['-port br0 p1', '-port br0 p3', '-bridge br0']);
    expect(bridges.state.size).toBe(0);
  });

  it('keeps what a restarted server has forgotten until it is said again', () => {
    const bridges = loaded('p1');
    bridges.update({ Interface: { 'I-p1': { modify: { link_state: 'up', error: 'x' } } } });
    const port = () => bridges.state.get('br0')?.ports.get('p1');
    // The error is stored, and its absence means that there is none.
    expect(brief(bridges.replace(contents(['p1'])))).toEqual(['port br0 p1']);
    expect(port()).toMatchObject({ linkState: 'up', error: undefined });
    expect(bridges.update({ Interface: { 'I-p1': { modify: { link_state: 'up' } } } })).toEqual([]);
    expect(brief(bridges.update({ Interface: { 'I-p1': { modify: { link_state: ['set', []] } } } }))).toEqual([
      'port br0 p1',
    ]);
    expect(port()?.linkState).toBeUndefined();
  });

  it('looks only at the port that changed, and keeps the other objects', () => {
    const names = Array.from({ length: 2000 }, (_, index) => `p${index}`);
    const bridges = loaded(...names);
    const before = new Map(bridges.state.get('br0')!.ports);
    bridges.update({ Interface: { 'I-p7': { modify: { ofport: 4242 } } } });
    const changed = names.filter((name) => bridges.state.get('br0')!.ports.get(name) !== before.get(name));
    expect(changed).toEqual(['p7']);
  });

  it('moves a name to another row in any order within a batch', () => {
    const rename = {
      'I-p1': { delete: null },
      new: { insert: { name: 'p1', ofport: 8 } },
    };
    for (const Interface of [rename, Object.fromEntries(Object.entries(rename).reverse())]) {
      const bridges = loaded('p1');
      bridges.update({ Interface, Port: { 'P-p1': { modify: { interfaces: references('I-p1', 'new') } } } });
      expect(bridges.state.get('br0')?.ports.get('p1')?.ofport).toBe(8);
    }
  });

  it('ends with the same state by updates as by reading everything anew', () => {
    const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'));
    const property = fc.property(fc.array(names), (steps) => {
      const bridges = new Bridges();
      bridges.replace(contents([]));
      let there: readonly string[] = [];
      for (const step of steps) {
        bridges.update(difference(there, step));
        there = step;
        expect([...(bridges.state.get('br0')?.ports.keys() ?? [])].sort()).toEqual([...step].sort());
      }
      const anew = new Bridges();
      anew.replace(contents([]));
      anew.update(difference([], there));
      expect(bridges.replace({})).toHaveLength(anew.replace({}).length);
    });
    fc.assert(property);
  });
});

/** The batch that leads from one set of ports to another. */
function difference(from: readonly string[], to: readonly string[]): object {
  const gone = from.filter((name) => !to.includes(name));
  const added = to.filter((name) => !from.includes(name));
  const rows = (make: (name: string) => [string, object], prefix: string) =>
    Object.fromEntries([...gone.map((name) => [`${prefix}-${name}`, { delete: null }]), ...added.map(make)]);
  return {
    Interface: rows((name) => [`I-${name}`, { insert: { name } }], 'I'),
    Port: rows((name) => [`P-${name}`, { insert: { name, interfaces: reference(`I-${name}`) } }], 'P'),
    Bridge: { B: { modify: { ports: references(...[...gone, ...added].map((name) => `P-${name}`)) } } },
  };
}

describe('updates that cannot be read', () => {
  it.each([
    ['no object', [], 'an object expected for an update'],
    ['a table that was not asked for', { Mirror: {} }, 'an update of Mirror, which is not monitored'],
    ['a row that is not known', { Port: { x: { delete: null } } }, 'an update of Port x, which is not known'],
    ['a row without a kind of change', { Port: { 'P-p1': {} } }, 'an update of Port P-p1 without a change'],
    ['a column that was not asked for', { Port: { 'P-p1': { modify: { tag: 1 } } } }, 'column tag'],
    ['a value of another kind', { Interface: { 'I-p1': { modify: { ofport: 'x' } } } }, 'a number expected, not "x"'],
    ['a map that is none', { Bridge: { B: { modify: { external_ids: {} } } } }, 'a map expected, not {}'],
    ['a reference that is none', { Bridge: { B: { modify: { ports: 1 } } } }, 'a uuid expected, not 1'],
  ])('%s is an OvsdbError, and contents repair it', (_, update, message) => {
    const bridges = loaded('p1');
    expect(() => bridges.update(update)).toThrow(OvsdbError);
    expect(() => loaded('p1').update(update)).toThrow(message);
    expect(brief(bridges.replace(contents(['p1', 'p2'])))).toEqual(['port br0 p2']);
  });
});
