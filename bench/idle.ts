import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Deployment } from './deployment.ts';
import { short } from './statistics.ts';
import { printTable, verdict } from './table.ts';

const sizes = [100, 2000, 10_000];
/** Of one core. */
const barPercent = 2;
const settleMs = 15_000;
const measuredMs = 30_000;
/** What the kernel counts the time of processes in. proc(5), sysconf(_SC_CLK_TCK). */
const ticksPerSecond = 100;

/** Processor time of agent and switch while nothing happens: what it costs to notice what another program changes. */
export async function idle(): Promise<void> {
  const rows: (string | number)[][] = [];
  for (const ports of sizes) {
    await using deployment = await Deployment.start(ports);
    await sleep(settleMs);
    const pids = [deployment.agent.pid, deployment.vswitch.real.pid()!];
    const before = pids.map(secondsOf);
    const from = performance.now();
    await sleep(measuredMs);
    const seconds = (performance.now() - from) / 1000;
    const [agent, vswitch] = pids.map((pid, i) => (100 * (secondsOf(pid) - before[i]!)) / seconds) as [number, number];
    rows.push([ports, agent.toFixed(2), verdict(agent, barPercent, '%'), short(vswitch)]);
  }
  printTable(`Processor time at rest, % of a core, over ${measuredMs / 1000} s`, [
    ['ports', 'agent', 'bar', 'ovs-vswitchd'],
    ...rows,
  ]);
}

/** Processor time that a process has used so far, in seconds. */
function secondsOf(pid: number): number {
  // The name of the program, in parentheses, may hold spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
