import type { FlowsAnswer, ShownFlow } from '@openvnet/model';
import { describe, expect, it } from 'vitest';
import { flowsText, movedBetween } from './flows.ts';

const io = { out: () => {}, err: () => {}, fancy: false, env: {} };
const flow: ShownFlow = {
  datapath_uuid: 'dp-br0',
  table: 'neighbour',
  priority: 2000,
  match: { domain: 'nw-net1', target_ip: '172.16.1.1' },
  actions: ['target_mac=52:54:00:0d:84:01', 'known=1'],
  next: null,
  feature: 'neighbour',
  object_uuid: 'il-a',
  interface_uuid: 'if-veth1',
  packets: 3,
  bytes: 126,
  age_seconds: 9.4,
};
const miss: ShownFlow = {
  ...flow,
  table: 'forward',
  priority: 0,
  match: {},
  actions: [],
  feature: 'miss',
  object_uuid: null,
  interface_uuid: null,
};
const answer = (flows: ShownFlow[]): FlowsAnswer => ({ flows, features: {}, notes: [] });

describe('flows', () => {
  it('stand below their datapath and table, with what put them there', () => {
    expect(flowsText(io, { ...answer([flow, miss]), notes: ['agent node2 did not answer'] })).toMatchInlineSnapshot(`
      "dp-br0
        neighbour
          2000 neighbour if-veth1/il-a            domain=nw-net1 target_ip=172.16.1.1 → target_mac=52:54:00:0d:84:01, known=1  (3 packets 126 B 9 s)
        forward
             0 miss                               any → drop  (3 packets 126 B 9 s)
      note: agent node2 did not answer"
    `);
    expect(flowsText(io, answer([]))).toBe('no flows match');
  });

  it('that have counted, come or gone are those that moved', () => {
    const fresh = { ...flow, match: { domain: 'nw-net2' } };
    const moved = movedBetween(answer([flow, miss]), answer([{ ...flow, packets: 5 }, fresh]));
    expect(moved.map(({ change, packets, flow: { match } }) => ({ change, packets, match }))).toEqual([
      { change: 'moved', packets: 2, match: flow.match },
      { change: 'new', packets: 3, match: fresh.match },
      { change: 'removed', packets: 0, match: {} },
    ]);
    expect(movedBetween(answer([flow]), answer([flow]))).toEqual([]);
  });
});
