/**
 * `npm test`: every check and every test, in the order in which they say most soonest; ends with one line that counts
 * them. A part that fails does not keep the next from running.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Whatever tests put into the directory for temporary files goes with it.
const results = mkdtempSync(join(tmpdir(), 'openvnet-test-'));
process.env.TMPDIR = results;
let passed = 0;
let failed = 0;

function check(name: string, command: string, args: string[]): void {
  console.log(`\n== ${name}`);
  if (spawnSync(command, args, { stdio: 'inherit' }).status === 0) passed++;
  else {
    failed++;
    console.log(`== ${name}: failed`);
  }
}

/** Runs a project of tests and counts them one by one. */
function test(name: string, project: string): void {
  console.log(`\n== ${name}`);
  const file = join(results, `${project}.json`);
  const args = ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const { status } = spawnSync('vitest', args, { stdio: 'inherit' });
  try {
    const counts = JSON.parse(readFileSync(file, 'utf8')) as { numPassedTests: number; numFailedTests: number };
    passed += counts.numPassedTests;
    failed += Math.max(counts.numFailedTests, status === 0 ? 0 : 1);
  } catch {
    failed++;
  }
}

check('format and lint', 'biome', ['check', '--error-on-warnings', '.']);
check('types', 'tsc', []);
check('unused code', 'knip', []);
test('unit tests', 'unit');
if (process.getuid?.() === 0) test('lab tests', 'lab');
else {
  console.log('\n== lab tests: they need root, for network namespaces and Open vSwitch');
  failed++;
}
rmSync(results, { recursive: true, force: true });
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
