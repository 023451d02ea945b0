import { join } from 'node:path';
import { run } from '../packages/lab/src/run.ts';
import type { FlowRounds } from './flows-rounds.ts';
import { quiet } from './machine.ts';
import { ovn, ovnAt } from './ovn.ts';
import { ScaleSwitch } from './scale-switch.ts';
import { median, ratio, short, spread } from './statistics.ts';
import { printTable, verdict } from './table.ts';

const sizes = [100, 2000, 10_000];
const rounds = 7;
/** Seconds from the model to acknowledged flows at 2,000 ports, times what the encoded flows take, flows a port. */
const bars = { seconds: 0.6, ratio: 1.4, perPort: 5.5 };

/** Bulk: the model in memory to acknowledged flows, against the same flows ready to be sent. */
export async function flows(): Promise<void> {
  const results: [ports: number, FlowRounds][] = [];
  await using vswitch = await ScaleSwitch.start(0);
  for (const ports of sizes) results.push([ports, await measure(vswitch.management, ports)]);

  printTable(`Model to acknowledged flows, ms: first (cold), then the median of ${rounds} (least to greatest)`, [
    ['ports', 'flows', 'first', 'model to flows', 'the same, encoded before', 'ratio', 'flows/s', 'OVN', 'OVN to this'],
    ...results.map(([ports, { flows, model, encoded }]) => {
      const ovnSeconds = ovnAt(ovn.bulkSeconds, ports);
      const took = median(model);
      return [
        ports,
        flows,
        short(model[0]!),
        spread(model),
        spread(encoded),
        ratio(took, median(encoded)),
        Math.round((flows / took) * 1000),
        short(ovnSeconds === undefined ? undefined : ovnSeconds * 1000),
        ovnSeconds === undefined ? '-' : ratio(ovnSeconds * 1000, took),
      ];
    }),
  ]);
  printTable('Of it computing and encoding alone, ms, and flows per port', [
    ['ports', 'compile', 'flows/s', 'flows per port', 'OVN'],
    ...results.map(([ports, { flows, compiled }]) => {
      const ovnFlows = ovnAt(ovn.flows, ports);
      const perSecond = Math.round((flows / median(compiled)) * 1000);
      return [ports, spread(compiled), perSecond, short(flows / ports), short(ovnFlows && ovnFlows / ports)];
    }),
  ]);
  printTable('Bars', [
    ['what', 'measured', 'bar'],
    // For a hundred ports the bar would be one for greetings and cold code.
    ...results.slice(1).flatMap(([ports, { flows, model, encoded }]) => {
      const seconds = median(model) / 1000;
      const times = seconds / (median(encoded) / 1000);
      return [
        [`${ports} ports: seconds`, short(seconds), verdict(seconds, (bars.seconds * ports) / 2000, 's')],
        [`${ports} ports: times the encoded`, short(times), verdict(times, bars.ratio, 'x')],
        [`${ports} ports: flows per port`, short(flows / ports), verdict(flows / ports, bars.perPort, '')],
      ];
    }),
  ]);
}

async function measure(socket: string, ports: number): Promise<FlowRounds> {
  await quiet();
  // With the settings with which the agent runs.
  const node = join(import.meta.dirname, '../scripts/node');
  const args = [join(import.meta.dirname, 'flows-rounds.ts'), socket, String(ports), String(rounds)];
  const { stdout } = await run(node, args, { timeoutMs: 300_000 });
  return JSON.parse(stdout) as FlowRounds;
}
