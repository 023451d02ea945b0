import { PrivateSwitch } from '@openvnet/lab';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Action } from './actions.ts';
import type { SwitchConnection } from './connection.ts';
import { dial } from './dial.ts';
import { decodeFlow, type EncodedFlow, encodeFlow, FlowMod } from './flow.ts';
import { flowForms } from './forms/flows.ts';
import { encodeMessage } from './messages.ts';
import type { MultipartRequest } from './multipart.ts';
import { messageBytes } from './outgoing.ts';

describe('Open vSwitch', () => {
  let vswitch: PrivateSwitch;
  let connection: SwitchConnection;

  beforeAll(async () => {
    vswitch = await switchWithPorts();
    connection = await dial(`unix:${vswitch.managementSocket('br0')}`);
    connection.send({
      type: 'group_mod',
      command: 'add',
      group_type: 'all',
      group: 1,
      buckets: [{ actions: [{ type: 'output', port: 1 }] }],
    });
    for (const meter of [1, 5])
      connection.send({ type: 'meter_mod', command: 'add', flags: 1, meter, bands: [{ type: 'drop', rate: 100 }] });
    await connection.barrier();
  });
  afterAll(async () => {
    await connection?.close();
    await vswitch?.[Symbol.asyncDispose]();
  });

  it.each(flowForms)('%s and gives the same strings back', async (_, given) => {
    const sent = encodeFlow(given);
    const clear = encodeMessage({ type: 'flow_mod', command: 'delete', table: 0xff }, 0);
    await connection.bundle([clear, new FlowMod('add', sent)]);
    const [installed] = await connection.dumpFlows();
    expect(hex(installed!)).toEqual(hex(sent));
    expect(hex(encodeFlow(decodeFlow(installed!)))).toEqual(hex(sent));
  });
});

describe('a connection to Open vSwitch', () => {
  let vswitch: PrivateSwitch;
  let connection: SwitchConnection;

  beforeAll(async () => {
    vswitch = await switchWithPorts();
  });
  afterAll(async () => {
    await vswitch?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    connection = await dial(`unix:${vswitch.managementSocket('br0')}`);
    connection.send({ type: 'flow_mod', command: 'delete', table: 0xff });
    await connection.barrier();
  });
  afterEach(async () => {
    await connection?.close();
  });

  const numbered = (number: number, cookie = BigInt(number)): EncodedFlow =>
    encodeFlow({ table: number % 5, priority: 1, cookie, match: { reg0: number }, instructions: [] });
  const toNoGroup = encodeFlow({
    ...{ table: 0, priority: 1, cookie: 0n, match: {} },
    instructions: [{ type: 'apply_actions', actions: [{ type: 'group', group: 99 }] }],
  });

  it('lists the ports', async () => {
    const ports = await connection.ports();
    // In whichever order the switch has them.
    expect(Object.fromEntries(ports.map(({ port, name }) => [name, port]))).toEqual({
      br0: 0xffff_fffe,
      p1: 1,
      p2: 2,
      p3: 3,
    });
  });

  it('dumps and counts flows by table and cookie', async () => {
    const flows = Array.from({ length: 5000 }, (_, number) => numbered(number));
    await connection.sendBytes(flows.map((flow) => messageBytes(new FlowMod('add', flow))));
    await connection.barrier();
    const dumped = new Map((await connection.dumpFlows()).map(({ key, body }) => [key, body]));
    expect(dumped).toEqual(new Map(flows.map(({ key, body }) => [key, body])));
    expect(await connection.flowCount()).toBe(5000);
    expect(await connection.flowCount(3)).toBe(1000);
    expect(await connection.dumpFlows({ table: 2, cookie: 7n })).toMatchObject([{ ...flows[7], packets: 0, bytes: 0 }]);
  });

  it('adds, replaces and deletes by key', async () => {
    await connection.bundle([new FlowMod('add', numbered(1)), new FlowMod('add', numbered(2))]);
    await connection.bundle([
      new FlowMod('add', numbered(1, 77n)),
      new FlowMod('delete_strict', { key: numbered(2).key }),
    ]);
    expect(await connection.dumpFlows()).toMatchObject([numbered(1, 77n)]);
  });

  it('leaves nothing of a bundle that cannot be committed, and names the message', async () => {
    const messages = [numbered(1), toNoGroup, numbered(2)].map((flow) => new FlowMod('add', flow));
    await expect(connection.bundle(messages)).rejects.toMatchObject({
      refused: [{ index: 1, reason: 'bad_action / bad_out_group' }],
    });
    expect(await connection.flowCount()).toBe(0);
  });

  it('leaves nothing of a bundle of which a message cannot be read', async () => {
    const unreadable = messageBytes(new FlowMod('add', numbered(3)));
    unreadable.writeUInt16BE(0x7777, 52);
    const messages = [new FlowMod('add', numbered(1)), unreadable];
    await expect(connection.bundle(messages)).rejects.toMatchObject({
      refused: [{ index: 1, reason: 'bad_match / bad_field' }],
    });
    expect(await connection.flowCount()).toBe(0);
  });

  it('hands packets over and sends them out', async () => {
    const actions: Action[] = [{ type: 'controller', userdata: Uint8Array.of(9) }];
    const flow = { table: 0, priority: 1, cookie: 5n, match: { in_port: 1 } };
    const load: Action = { type: 'load', to: { field: 'reg3', offset: 0, bits: 32 }, value: 8 };
    const sent = encodeFlow({ ...flow, instructions: [{ type: 'apply_actions', actions: [load, ...actions] }] });
    await connection.bundle([new FlowMod('add', sent)]);
    const arrived = new Promise((resolve) => connection.on('packetIn', resolve));
    const data = Buffer.from(`${'ff'.repeat(6)}0200000000010800${'00'.repeat(50)}`, 'hex');
    connection.send({ type: 'packet_out', in_port: 1, actions: [{ type: 'output', port: 0xffff_fff9 }], data });
    expect(await arrived).toMatchObject({
      packet: data,
      full_len: 64,
      table: 0,
      cookie: 5n,
      reason: 'action',
      metadata: { in_port: 1, reg3: 8 },
      userdata: Buffer.of(9),
    });
  });

  it('tells of ports that come and flows that go', async () => {
    const status = new Promise((resolve) => connection.on('portStatus', resolve));
    await vswitch.addPort('br0', 'p4');
    expect(await status).toMatchObject({ reason: 'add', port: { name: 'p4' } });
    const removed = new Promise((resolve) => connection.on('flowRemoved', resolve));
    const flow = { table: 1, priority: 9, cookie: 6n, match: { reg1: 4 }, instructions: [], flags: 1 };
    await connection.bundle([new FlowMod('add', encodeFlow(flow))]);
    connection.send({ type: 'flow_mod', command: 'delete', table: 1 });
    expect(await removed).toMatchObject({ reason: 'delete', table: 1, priority: 9, cookie: 6n, match: { reg1: 4 } });
  });

  it('describes itself and its tables, ports, groups and meters', async () => {
    const bands = [{ type: 'drop', rate: 100, burst_size: 100 }] as const;
    const buckets = [{ weight: 0, watch_port: 0xffff_ffff, watch_group: 0xffff_ffff, actions: [] }];
    connection.send({ type: 'meter_mod', command: 'add', flags: 1, meter: 1, bands });
    connection.send({ type: 'group_mod', command: 'add', group_type: 'all', group: 7, buckets });
    const ask = async (body: MultipartRequest): Promise<unknown> => {
      const reply = await connection.request({ type: 'multipart_request', body });
      return reply.type === 'multipart_reply' ? reply.body : reply;
    };
    expect(await ask({ type: 'desc' })).toMatchObject({ manufacturer: 'Nicira, Inc.', hardware: 'Open vSwitch' });
    expect(await ask({ type: 'table' })).toMatchObject({ entries: { length: 254 } });
    expect(await ask({ type: 'port_stats', port: 2 })).toMatchObject({ entries: [{ port: 2 }] });
    expect(await ask({ type: 'meter_config' })).toEqual({
      type: 'meter_config',
      entries: [{ flags: 1, meter: 1, bands }],
    });
    const group = { group_type: 'all', group: 7, buckets };
    expect(await ask({ type: 'group_desc' })).toEqual({ type: 'group_desc', entries: [group] });
  });
});

/** A switch with the bridge `br0` and ports `p1` to `p3`, numbered from 1. */
async function switchWithPorts(): Promise<PrivateSwitch> {
  const vswitch = await PrivateSwitch.start({ dummy: true });
  await vswitch.addBridge({ name: 'br0', protocols: ['OpenFlow10', 'OpenFlow13'] });
  const ports = [1, 2, 3].map((number) => [`p${number}`, { ofportRequest: number }]);
  await vswitch.addPorts('br0', Object.fromEntries(ports));
  return vswitch;
}

function hex({ key, body }: { key: string; body: string }): { key: string; body: string } {
  return { key: Buffer.from(key, 'latin1').toString('hex'), body: Buffer.from(body, 'latin1').toString('hex') };
}
