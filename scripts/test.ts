/**
 * `npm test`: every check and every test, in the order in which they say most soonest; ends with one line that counts
 * them. A part that fails does not keep the next from running.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeAbandoned, switchOwners } from '../packages/lab/src/private-switch.ts';
import { hasInEnvironment } from '../packages/lab/src/processes.ts';
import { countsOf, vitestWords } from './counts.ts';

// Whatever tests put into the directory for temporary files goes with it.
const results = mkdtempSync(join(tmpdir(), 'openvnet-test-'));
process.env.TMPDIR = results;
let passed = 0;
let failed = 0;
let part: ChildProcess | undefined;
let isStopped = false;

// The part that runs has things to remove of its own: it is waited for. The terminal sends SIGINT to it as well, and a
// second one would have it leave everything.
const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
for (const name of Object.keys(signals) as (keyof typeof signals)[]) {
  process.on(name, () => {
    isStopped = true;
    if (name !== 'SIGINT') part?.kill(name);
    const stop = (): void => void leaveNothing().finally(() => process.exit(128 + signals[name]));
    if (part) part.once('close', stop);
    else stop();
  });
}

/** Removes the switches that tests left which a signal ended, and then the directory. */
async function leaveNothing(): Promise<void> {
  // A test that is still at its end removes its own; those of other runs on this machine are not waited for.
  const isOurs = ({ pid }: { readonly pid: number }): boolean => hasInEnvironment(pid, `TMPDIR=${results}`);
  for (let tries = 0; tries < 50 && switchOwners().some(isOurs); tries++) await sleep(100);
  await removeAbandoned();
  rmSync(results, { recursive: true, force: true });
}

/** Runs a program to its end; whether it went well. */
async function run(command: string, args: string[]): Promise<boolean> {
  part = spawn(command, args, { stdio: 'inherit' });
  const [code] = await once(part, 'close').catch(() => [1]);
  part = undefined;
  // No other part begins.
  if (isStopped) await new Promise(() => {});
  return code === 0;
}

async function check(name: string, command: string, args: string[]): Promise<void> {
  console.log(`\n== ${name}`);
  if (await run(command, args)) passed++;
  else {
    failed++;
    console.log(`== ${name}: failed`);
  }
}

/** Runs a project of tests and counts them one by one. */
async function test(name: string, project: string): Promise<void> {
  console.log(`\n== ${name}`);
  const file = join(results, `${project}.json`);
  const counts = countsOf(file, await run('vitest', vitestWords(project, file)));
  passed += counts.passed;
  failed += counts.failed;
}

await check('format and lint', 'biome', ['check', '--error-on-warnings', '.']);
await check('types', 'tsc', []);
await check('unused code', 'knip', []);
await test('unit tests', 'unit');
if (process.getuid?.() === 0) await test('lab tests', 'lab');
else {
  console.log('\n== lab tests: they need root, for network namespaces and Open vSwitch');
  failed++;
}
await leaveNothing();
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
