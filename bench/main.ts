/**
 * `npm run bench -- NAME...`: what the design promises, measured; all of it where no name is given. What each measures,
 * and the figures of one machine, are in `docs/performance.md`.
 */
import { addOne } from './add-one.ts';
import { apply } from './apply.ts';
import { compile, features } from './compile.ts';
import { dhcp } from './dhcp.ts';
import { firstPing } from './first-ping.ts';
import { flows } from './flows.ts';
import { idle } from './idle.ts';
import { busyNote, describeMachine } from './machine.ts';
import { memory } from './memory.ts';
import { compilePrograms } from './programs.ts';
import { restart } from './restart.ts';

const measurements: Readonly<Record<string, () => Promise<void>>> = {
  flows,
  compile,
  features,
  dhcp,
  apply,
  'add-one': addOne,
  memory,
  idle,
  restart,
  'first-ping': firstPing,
};

const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(measurements);
const unknown = chosen.filter((name) => !Object.hasOwn(measurements, name));
if (unknown.length > 0) {
  console.error(`bench: there is no ${unknown.join(', ')}; known are ${Object.keys(measurements).join(', ')}`);
  process.exitCode = 2;
} else {
  console.log(await describeMachine());
  await compilePrograms();
  for (const name of chosen) {
    console.log(`\n## ${name}`);
    await measurements[name]!();
  }
  console.log(`\n${busyNote()}`);
}
