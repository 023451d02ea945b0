import { datapathRow, interfaceRows, macOf, networkRows, placementRow, TestModel } from '@openvnet/compiler/testing';
import { encodeEthernet } from '@openvnet/packet';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { AnsweringSwitch } from '../testing/answering-switch.ts';

const everyone = 0xffff_ffff_ffff;
let model: TestModel;
let agent: AnsweringSwitch;

/** Guest 11, with a port here, and on host 2. */
beforeEach(() => {
  model = new TestModel();
  for (const row of [
    datapathRow(1),
    datapathRow(2),
    ...networkRows(1),
    ...interfaceRows(11, 1, 0x0a000101),
    placementRow(11, 2),
    placementRow(11, 1, true),
  ])
    model.put(...row);
  agent = new AnsweringSwitch(model, [11]);
});

const rarp = (src: number): Buffer => encodeEthernet({ dst: everyone, src, type: 0x8035, payload: new Uint8Array(46) });
const hear = (src = macOf(11)) => agent.hand('guest_heard', 11, rarp(src));

describe('a guest that is heard where its interface stands by', () => {
  it('is served at once: its frame goes on, and the manager is to be told', async () => {
    expect(hear()).toEqual([]);
    expect(agent.served.arrivals.all).toEqual([11]);
    await vi.waitFor(() => expect(agent.sent.length).toBe(1));
    expect(agent.sent[0]).toMatchObject({
      frame: rarp(macOf(11)),
      in_port: 11,
      actions: [{ type: 'resubmit', table: 0 }],
    });
    expect([...agent.served.notices.of(11)].map(({ what }) => what)).toEqual([
      'moved from port if-11 on dp-2 to port if-11 on dp-1, where its guest was heard',
    ]);
    // Every frame that came meanwhile goes on, too.
    expect(hear()).toEqual([]);
    await vi.waitFor(() => expect(agent.sent.length).toBe(1));
  });

  it('is not heard by addresses of others', async () => {
    hear(macOf(12));
    await agent.served.idle();
    expect([agent.served.arrivals.all, agent.sent]).toEqual([[], []]);
  });

  it('has to be heard again after its interface has moved here and away again', async () => {
    hear();
    await agent.served.idle();
    model.put(...placementRow(11, 2, true));
    model.put(...placementRow(11, 1));
    expect(agent.served.arrivals.all).toEqual([]);
    hear();
    expect(agent.served.arrivals.all).toEqual([]);
    model.put(...placementRow(11, 1, true)).put(...placementRow(11, 2));
    agent.served.compiler.update();
    hear();
    expect(agent.served.arrivals.all).toEqual([11]);
  });

  it('is forgotten when its port goes', async () => {
    hear();
    agent.served.setPort('if-11', undefined);
    await agent.served.idle();
    expect(agent.served.arrivals.all).toEqual([]);
  });
});
