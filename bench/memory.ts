import { setTimeout as sleep } from 'node:timers/promises';
import { Deployment } from './deployment.ts';
import { peakMB, residentMB, sharedMB } from './machine.ts';
import { ovn, ovnAt } from './ovn.ts';
import { short } from './statistics.ts';
import { printTable, verdict } from './table.ts';

/** MB of both programs, pages that they share counted once. */
const bars: readonly [ports: number, once: number][] = [
  [100, 150],
  [2000, 150],
  [10_000, 220],
];
/** After a while without work the programs give back what they do not need any more. */
const idleMs = 15_000;

/** Resident memory of manager and agent once everything is in the switch and nothing happens any more. */
export async function memory(): Promise<void> {
  const rows: (string | number)[][] = [];
  for (const [ports, bar] of bars) {
    await using deployment = await Deployment.start(ports);
    await sleep(idleMs);
    const [manager, agent] = [deployment.manager.pid, deployment.agent.pid];
    const together = residentMB(manager) + residentMB(agent);
    const once = together - Math.min(sharedMB(manager), sharedMB(agent));
    rows.push([
      ports,
      short(residentMB(manager)),
      short(residentMB(agent)),
      short(together),
      short(once),
      verdict(once, bar, 'MB'),
      short(peakMB(manager) + peakMB(agent)),
      short(ovnAt(ovn.memoryMB, ports)),
    ]);
  }
  printTable(`Resident memory, MB, ${idleMs / 1000} s after the switch has acknowledged everything`, [
    ['ports', 'manager', 'agent', 'together', 'shared counted once', 'bar', 'peak', 'OVN'],
    ...rows,
  ]);
}
