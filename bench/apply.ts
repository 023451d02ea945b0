import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../packages/lab/src/run.ts';
import { Deployment, datapath } from './deployment.ts';
import { quiet } from './machine.ts';
import { median, short, spread } from './statistics.ts';
import { printTable, verdict } from './table.ts';
import { topologyDocument } from './topology-document.ts';

const rounds = 3;
/** Seconds from the request until the switch has acknowledged everything; what `vnctl` adds, from a file of YAML. */
const bars: readonly { ports: number; applied: number; added: number }[] = [
  { ports: 2000, applied: 0.6, added: 0.4 },
  { ports: 10_000, applied: 2.5, added: 1.2 },
];

interface Measured {
  readonly ports: number;
  /** Seconds, round by round: the request, the request until everything is in the switch, the same by `vnctl`. */
  readonly answered: number[];
  readonly applied: number[];
  readonly byCommand: number[];
}

/** A whole topology by one request, and by one command. */
export async function apply(): Promise<void> {
  const results: Measured[] = [];
  for (const { ports } of bars) results.push(await measure(ports));
  printTable(`A topology applied, s: median of ${rounds} (least to greatest)`, [
    ['ports', 'answered', 'acknowledged by the switch', 'the same by vnctl, from YAML'],
    ...results.map(({ ports, ...took }) => [
      ports,
      spread(took.answered),
      spread(took.applied),
      spread(took.byCommand),
    ]),
  ]);
  printTable('Bars', [
    ['what', 'measured', 'bar'],
    ...bars.flatMap(({ ports, applied, added }, i) => {
      const [took, more] = [median(results[i]!.applied), median(results[i]!.byCommand) - median(results[i]!.applied)];
      return [
        [`${ports} ports: seconds`, short(took), verdict(took, applied, 's')],
        [`${ports} ports: what vnctl adds, seconds`, short(more), verdict(more, added, 's')],
      ];
    }),
  ]);
}

async function measure(ports: number): Promise<Measured> {
  const measured: Measured = { ports, answered: [], applied: [], byCommand: [] };
  const directory = mkdtempSync(join(tmpdir(), 'openvnet-apply-'));
  try {
    const document = topologyDocument(ports);
    const [json, yaml] = [JSON.stringify(document), join(directory, 'topology.yaml')];
    writeFileSync(yaml, yamlOf(document));
    for (let round = 0; round < rounds; round++) {
      await oneRound(ports, async (deployment, since) => {
        const { revision } = await deployment.apply(json);
        measured.answered.push(since());
        await deployment.inEffect(datapath, revision);
        measured.applied.push(since());
      });
      await oneRound(ports, async (deployment, since) => {
        const vnctl = join(import.meta.dirname, '../packages/cli/bin/vnctl');
        await run(vnctl, ['--api', deployment.url, 'apply', '-f', yaml], { timeoutMs: 120_000 });
        await deployment.inEffect(datapath);
        measured.byCommand.push(since());
      });
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return measured;
}

/** As people and `vnctl export` write it: one line for each parameter. */
function yamlOf(document: Readonly<Record<string, readonly object[]>>): string {
  const lines = Object.entries(document).flatMap(([name, objects]) => [
    `${name}:`,
    ...objects.flatMap((object) =>
      Object.entries(object).map(([key, value], i) => `${i === 0 ? '  - ' : '    '}${key}: ${JSON.stringify(value)}`),
    ),
  ]);
  return `${lines.join('\n')}\n`;
}

/** In programs that have just been started, as a topology is applied once. `since` counts seconds. */
async function oneRound(ports: number, work: (deployment: Deployment, since: () => number) => Promise<void>) {
  await using deployment = await Deployment.empty(ports);
  await quiet();
  const before = performance.now();
  await work(deployment, () => (performance.now() - before) / 1000);
}
