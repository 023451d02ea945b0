import { Deployment } from './deployment.ts';
import { quiet } from './machine.ts';
import { ovn, ovnAt } from './ovn.ts';
import { median, ratio, short, spread } from './statistics.ts';
import { printTable, verdict } from './table.ts';
import { oneMore } from './topology.ts';

const sizes = [100, 1000, 10_000];
const additions = 20;
/** Not counted: programs in service have answered requests before. */
const warmUp = 5;
/** Milliseconds at 10,000 ports, and times what it takes at 100. */
const bars = { ms: 8, ratio: 1.2 };

interface Measured {
  readonly ports: number;
  /** Milliseconds from the request to its answer, which says that the change is on disk. */
  readonly stored: readonly number[];
  /** Milliseconds from the request to the answer that the switch has acknowledged it. */
  readonly acknowledged: readonly number[];
}

/** One interface registered whose port is there: API call to acknowledged flows, through the real programs. */
export async function addOne(): Promise<void> {
  const results: Measured[] = [];
  for (const ports of sizes) results.push(await measure(ports));
  const [smallest, largest] = [results[0]!, results.at(-1)!];
  const base = median(smallest.acknowledged);

  printTable(`One interface added, ms: median of ${additions} (least to greatest)`, [
    ['ports', 'on disk', 'acknowledged by the switch', `to ${smallest.ports} ports`, 'OVN', 'OVN to this'],
    ...results.map(({ ports, stored, acknowledged }) => {
      const ovnMs = ovnAt(ovn.addOneMs, ports);
      const took = median(acknowledged);
      const advantage = ovnMs === undefined ? '-' : ratio(ovnMs, took);
      return [ports, spread(stored), spread(acknowledged), ratio(took, base), short(ovnMs), advantage];
    }),
  ]);
  const took = median(largest.acknowledged);
  printTable('Bars', [
    ['what', 'measured', 'bar'],
    [`${largest.ports} ports: ms`, short(took), verdict(took, bars.ms, 'ms')],
    [`${largest.ports} ports: times ${smallest.ports}`, short(took / base), verdict(took / base, bars.ratio, 'x')],
  ]);
}

async function measure(ports: number): Promise<Measured> {
  await using deployment = await Deployment.start(ports, warmUp + additions);
  await quiet();
  const stored: number[] = [];
  const acknowledged: number[] = [];
  for (let extra = 0; extra < warmUp + additions; extra++) {
    const wanted = oneMore(ports + extra, ports, extra);
    const before = performance.now();
    const { revision } = await deployment.call('POST', '/interfaces', wanted);
    stored.push(performance.now() - before);
    await deployment.inEffect(`/interfaces/${wanted.uuid}`, revision);
    acknowledged.push(performance.now() - before);
    // As people and orchestrators do it: one, and some time later another.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { ports, stored: stored.slice(warmUp), acknowledged: acknowledged.slice(warmUp) };
}
