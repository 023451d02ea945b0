import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../packages/lab/src/run.ts';

const quietTries = 30;
const quietMs = 500;
/** Share of the processors' time that others may take. */
const mostBusy = 0.2;

/** Says on what the figures are measured, and how busy it is. */
export async function describeMachine(): Promise<string> {
  const [cpu] = cpus();
  const ovs = await run('ovs-vswitchd', ['--version'], { mayFail: true }).catch(() => undefined);
  const version = /\) (\S+)/.exec(ovs?.stdout ?? '')?.[1] ?? 'not installed';
  const memory = Math.round(totalmem() / 2 ** 30);
  return [
    `machine: ${cpus().length} x ${cpu?.model ?? 'unknown'}, ${memory} GiB memory`,
    `system: Linux ${release()}, Open vSwitch ${version}, Node ${process.versions.node}`,
    `load before: ${loadavg()
      .map((value) => value.toFixed(2))
      .join(' ')}; ${new Date().toISOString().slice(0, 16)}Z`,
  ].join('\n');
}

/** Memory of a process that is in use and resident, in megabytes (10^6 bytes). */
export function residentMB(pid: number): number {
  return megabytes(pid, 'VmRSS');
}

/** The most that a process has had resident, likewise. */
export function peakMB(pid: number): number {
  return megabytes(pid, 'VmHWM');
}

/** Of what is resident, that which files hold, most of it the program: processes of one program share it. */
export function sharedMB(pid: number): number {
  return megabytes(pid, 'RssFile');
}

let busyStarts = 0;

/** Waits until the machine has little else to do, but not forever: how often that was in vain is told at the end. */
export async function quiet(): Promise<void> {
  for (let tries = 0; tries < quietTries; tries++) {
    const before = processorTicks();
    await sleep(quietMs);
    const after = processorTicks();
    if ((after.busy - before.busy) / (after.all - before.all) < mostBusy) return;
  }
  busyStarts++;
}

export function busyNote(): string {
  return `measurements begun although something else kept the processors busy: ${busyStarts}`;
}

function processorTicks(): { busy: number; all: number } {
  const [, ...ticks] = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.split(/ +/).map(Number);
  const all = ticks.reduce((sum, value) => sum + value, 0);
  // The fourth and the fifth are idle time, without and with disks to wait for.
  return { busy: all - ticks[3]! - ticks[4]!, all };
}

function megabytes(pid: number, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return (Number(found?.[1]) * 1024) / 1e6;
}
