import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { calls, fieldReport, ordered, switchSteps } from '../testing/field-report.ts';
import { dpid, Host, until } from '../testing/host.ts';
import { RogueSwitch } from '../testing/rogue-switch.ts';

/** What a switch is told before anybody knows whether it is one. */
const greeting = ['hello', 'features_request', 'set_config', 'set_packet_in_format', 'echo_request'];

it('a program that says it is a served bridge is never used, also while the bridge is away, and status says so', async () => {
  await using host = await Host.start();
  await fieldReport(host);
  using rogue = new RogueSwitch(host.openflow, dpid);
  await until(() => rogue.told.includes('set_packet_in_format'));
  expect(host.served?.connection?.peer).toMatch(/^unix:/);
  await host.vswitch.kill9('ovs-vswitchd');
  await until(() => host.served?.connection === undefined);
  await sleep(500);
  expect(host.served?.connection).toBeUndefined();
  await host.crash();
  await until(() => host.served?.connection?.peer.startsWith('unix:'));
  await host.settled();
  const note = `${rogue.peer} claims to be br0, but Open vSwitch reports no such connection, so it is ignored. Find the program. Use: ss -tnp 'sport = :`;
  await until(() => host.agent.switches.report()[0]?.notes.some((said) => said.startsWith(note)), {
    timeoutMs: 10_000,
  });
  expect(rogue.told.filter((type) => !greeting.includes(type))).toEqual([]);
  const [bridge] = (await host.api('GET', '/status')).agents[0].bridges ?? [];
  if (bridge) expect(bridge.connection).toMatch(/^unix:/);
}, 40_000);

it('over TCP a bridge is the connection that Open vSwitch says it has made, and no other', async () => {
  await using host = await Host.start();
  const port = randomInt(20_000, 30_000);
  await host.vswitch.appctl('-t', 'ovsdb-server', 'ovsdb-server/add-remote', `ptcp:${port}:127.0.0.1`);
  await host.startAgent({ ovsdb: `tcp:127.0.0.1:${port}` });
  using early = new RogueSwitch(host.openflow, dpid);
  for (const step of ordered(calls)) await step.run(host);
  await until(() => early.told.includes('set_packet_in_format'));
  await sleep(3000);
  const [bridge, , ...ports] = switchSteps;
  for (const step of [bridge!, ...ports]) await step.run(host);
  const waits = /^waits until Open vSwitch says that it has connected br0 here\. Use: ovs-vsctl set-controller/;
  await until(() => waits.test(host.agent.switches.report()[0]?.problem ?? ''));
  await host.setController();
  await until(() => host.served?.connection !== undefined, { timeoutMs: 15_000 });
  expect(host.served?.connection?.peer).not.toBe(early.peer);
  await host.settled();
  using late = new RogueSwitch(host.openflow, dpid);
  await until(() => late.told.includes('set_packet_in_format'));
  const used = host.served?.connection;
  await host.crash();
  await until(() => host.served?.connection !== used);
  await until(() => host.served?.connection !== undefined, { timeoutMs: 20_000 });
  await host.settled({ timeoutMs: 10_000 });
  for (const rogue of [early, late]) expect(rogue.told.filter((type) => !greeting.includes(type))).toEqual([]);
}, 60_000);

it('a port that another program listens at is no reason to end: status names the program, and the agent tries on', async () => {
  await using host = await Host.start();
  const holder = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => holder.listen(host.openflow.port, host.openflow.host, resolve));
  await fieldReport(host);
  expect(host.served?.connection?.peer).toMatch(/^unix:/);
  const said = `cannot listen for switches at ${host.openflow.host}:6633: `;
  const notes = (): readonly string[] => host.agent.switches.report()[0]?.notes ?? [];
  const found = notes().find((note) => note.startsWith(said));
  expect(found).toContain(`(pid ${process.pid}) listens there; bridges are reached through their management sockets.`);
  expect(found).toMatch(/Use: ss -tlnp 'sport = :6633'$/);
  await new Promise((resolve) => holder.close(resolve));
  await until(() => !notes().some((note) => note.startsWith(said)), { timeoutMs: 10_000 });
  using switchAgain = new RogueSwitch(host.openflow, dpid);
  await until(() => switchAgain.told.includes('features_request'));
}, 40_000);
