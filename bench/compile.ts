import { join } from 'node:path';
import { run } from '../packages/lab/src/run.ts';
import type { CompileRounds } from './compile-rounds.ts';
import { quiet } from './machine.ts';
import { median, short, spread } from './statistics.ts';
import { printTable } from './table.ts';
import type { Extras } from './topology.ts';

const rounds = 7;
const topologies: readonly [name: string, extras: Extras][] = [
  ['plain', {}],
  ['DHCP and DNS in each network', { services: true }],
  ['a filter of four rules at each port', { filters: true }],
  ['both', { services: true, filters: true }],
];

/** Computing alone, without a switch: its time and memory with what is in use. */
export async function compile(): Promise<void> {
  const rows: (string | number)[][] = [];
  for (const ports of [2000, 10_000]) {
    for (const [name, extras] of topologies) {
      const { flows, items, took, rowsMB, computedMB } = await measure(ports, extras);
      const bytes = Math.round((rowsMB + computedMB) * (1e6 / ports));
      const perSecond = Math.round((flows / median(took)) * 1000);
      rows.push([ports, name, flows, short(flows / ports), items, short(took[0]), spread(took), perSecond]);
      rows.at(-1)!.push(short(rowsMB), short(computedMB), bytes);
    }
  }
  const head = ['ports', 'in use', 'flows', 'a port', 'items', 'first, ms', 'computing, ms', 'flows/s'];
  printTable(`Model to encoded flows, without a switch: the first, and the median of ${rounds} (least to greatest)`, [
    [...head, 'heap: rows, MB', 'computed, MB', 'bytes a port'],
    ...rows,
  ]);
}

const featurePorts = 2000;

/** How many flows each feature has for each port. */
export async function features(): Promise<void> {
  const counts: CompileRounds['byFeature'][] = [];
  for (const [, extras] of topologies) counts.push((await measure(featurePorts, extras, 1)).byFeature);
  const names = [...new Set(counts.flatMap((each) => Object.keys(each)))];
  const total = (each: CompileRounds['byFeature']): number =>
    Object.values(each).reduce((sum, flows) => sum + flows, 0);
  printTable(`Flows for each port, of ${featurePorts}; those of features that are not here are few, or none`, [
    ['feature', ...topologies.map(([name]) => name)],
    ...names.map((name) => [name, ...counts.map((each) => short((each[name] ?? 0) / featurePorts))]),
    ['together', ...counts.map((each) => short(total(each) / featurePorts))],
  ]);
}

async function measure(ports: number, extras: Extras, wanted = rounds): Promise<CompileRounds> {
  await quiet();
  // With the settings with which the agent runs.
  const node = join(import.meta.dirname, '../scripts/node');
  const program = join(import.meta.dirname, 'compile-rounds.ts');
  const args = ['--expose-gc', program, String(ports), String(wanted), JSON.stringify(extras)];
  const { stdout } = await run(node, args, { timeoutMs: 300_000 });
  return JSON.parse(stdout) as CompileRounds;
}
