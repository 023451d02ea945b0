/**
 * `npm run test:kernel [-- WORD...]`: the demo and the lab tests on the kernel's datapath, in machines that are
 * programs, see the files of this one and write to memory. Words choose parts by their names; --minutes N is the longest time for
 * each machine.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type MachineName, machines, runUntil } from './machine.ts';
import { type Part, parts, partsFile, partsNamed, readParts, resultsFile } from './parts.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: '120' } },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error(`--minutes is ${values.minutes}; expected a number above 0`);
const wanted = partsNamed(positionals);
const work = join(import.meta.dirname, '../..');
const stop = new AbortController();
const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
let signalled = 0;
for (const [name, number] of Object.entries(signals)) {
  process.on(name, () => {
    signalled = number;
    stop.abort();
  });
}
const said: Part[] = [];
for (const [machine, names] of Map.groupBy(wanted, (name) => parts[name]!.machine))
  said.push(...(await runOn(machine, names)));

console.log();
for (const { name, passed, failed, seconds } of said)
  console.log(`${name}: ${passed} passed, ${failed} failed (${seconds} s, ${parts[name]!.machine})`);
const sum = (key: 'passed' | 'failed'): number => said.reduce((total, part) => total + part[key], 0);
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed`);
process.exitCode = signalled ? 128 + signalled : sum('failed') === 0 ? 0 : 1;

async function runOn(machine: MachineName, names: readonly string[]): Promise<Part[]> {
  if (stop.signal.aborted) return readParts('', names);
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'openvnet-kernel', machine);
  const setup = spawnSync('sh', [join(import.meta.dirname, `setup-${machine}`), cache], { stdio: 'inherit' });
  // It has said what is missing.
  if (setup.status !== 0) return readParts('', names);
  const results = realpathSync(mkdtempSync(join(tmpdir(), 'openvnet-kernel-')));
  try {
    writeFileSync(join(results, partsFile), names.join('\n'));
    const write = (text: Buffer): void => void process.stdout.write(text);
    const end = await runUntil(machines[machine]({ cache, work, results }), { minutes, stop: stop.signal, write });
    if (end === 'late') console.log(`\nthe machine was ended after ${minutes} minutes; --minutes N gives it more`);
    if (end === 'failed') console.log('\nthe machine could not be started, or ended by itself');
    return readParts(read(join(results, resultsFile)), names);
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
