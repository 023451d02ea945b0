/** Runs in the emulated machine: the parts that its words name, each said at the second serial port when it is over. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { countsOf, vitestWords } from '../counts.ts';
import { demo, lineOf, partsNamed } from './parts.ts';

for (const name of partsNamed(process.argv.slice(2))) {
  console.log(`\n== ${name}`);
  const began = performance.now();
  const counts = name === demo ? await runDemo() : await runTests(name);
  const seconds = Math.round((performance.now() - began) / 1000);
  appendFileSync('/dev/ttyS1', lineOf({ name, ...counts, seconds }));
}

async function runDemo() {
  const wentWell = await ends(spawn('node', ['packages/lab/src/demo/main.ts'], { stdio: 'inherit' }));
  return wentWell ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function runTests(file: string) {
  const result = '/run/result.json';
  const words = vitestWords('lab', result, [file]);
  return countsOf(result, await ends(spawn('vitest', words, { stdio: 'inherit' })));
}

async function ends(child: ChildProcess): Promise<boolean> {
  const [code] = await once(child, 'close');
  return code === 0;
}
