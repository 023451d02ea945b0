/** Runs in the machine: the parts that a file names, each noted in another when it is over. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { countsOf, vitestWords } from '../counts.ts';
import { demo, lineOf, parts, partsFile, resultsFile } from './parts.ts';

const directory = process.argv[2]!;
for (const name of readFileSync(join(directory, partsFile), 'utf8').split('\n').filter(Boolean)) {
  console.log(`\n== ${name}`);
  const began = performance.now();
  process.env.OPENVNET_LAB_PATIENCE = `${parts[name]!.patience}`;
  const counts = name === demo ? await runDemo() : await runTests(name);
  const seconds = Math.round((performance.now() - began) / 1000);
  appendFileSync(join(directory, resultsFile), lineOf({ name, ...counts, seconds }));
}

async function runDemo() {
  const wentWell = await ends(spawn('node', ['packages/lab/src/demo/main.ts'], { stdio: 'inherit' }));
  return wentWell ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function runTests(file: string) {
  const result = '/run/result.json';
  // Each test is printed when it ends: a file takes many minutes.
  const words = vitestWords('lab', result, { reporter: 'verbose', filters: [file] });
  return countsOf(result, await ends(spawn('vitest', words, { stdio: 'inherit' })));
}

async function ends(child: ChildProcess): Promise<boolean> {
  const [code] = await once(child, 'close');
  return code === 0;
}
