import { join } from 'node:path';
import { PrivateSwitch } from '../packages/lab/src/index.ts';
import { run } from '../packages/lab/src/run.ts';
import type { DhcpRounds } from './dhcp-rounds.ts';
import { quiet } from './machine.ts';
import { median, short, spread } from './statistics.ts';
import { printTable } from './table.ts';
import { dpid, portName } from './topology.ts';

const bridge = 'br0';
const ports = 100;
const rounds = 5;

/** DHCP: requests of guests through a real switch to the agent, and its answers out at their ports. */
export async function dhcp(): Promise<void> {
  await using vswitch = await PrivateSwitch.start({ dummy: true });
  await vswitch.addBridge({ name: bridge, datapathId: dpid });
  const names = Array.from({ length: ports }, (_, guest) => portName(guest));
  await vswitch.addPorts(bridge, Object.fromEntries(names.map((name, guest) => [name, { ofportRequest: guest + 1 }])));
  const results: [outstanding: number, DhcpRounds][] = [];
  for (const outstanding of [1, 32]) {
    await quiet();
    // With the settings with which the agent runs.
    const node = join(import.meta.dirname, '../scripts/node');
    const program = join(import.meta.dirname, 'dhcp-rounds.ts');
    const args = [program, vswitch.managementSocket(bridge), String(ports), String(rounds), String(outstanding)];
    const { stdout } = await run(node, args, { timeoutMs: 120_000 });
    results.push([outstanding, JSON.parse(stdout) as DhcpRounds]);
  }
  printTable(`DHCP answers of ${ports} ports: median of ${rounds} rounds (least to greatest)`, [
    ['at once', 'answers', 'answers/s', 'ms for each', "of it the agent's own", 'longest answer, ms', 'lost'],
    ...results.map(([outstanding, { answers, seconds, spent, longest, lost }]) => [
      outstanding,
      answers,
      spread(seconds.map((took) => answers / rounds / took)),
      short((median(seconds) * 1000) / (answers / rounds)),
      short(spent / answers),
      short(longest),
      lost,
    ]),
  ]);
}
