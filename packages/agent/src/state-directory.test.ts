import { execFile } from 'node:child_process';
import { mkdtempDisposableSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { makeStateDirectory } from './state-directory.ts';

const program = fileURLToPath(new URL('./main.ts', import.meta.url));

it('is made with all above it, for its owner alone', () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-state-'));
  const path = join(directory.path, 'a', 'b');
  makeStateDirectory(path);
  makeStateDirectory(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

it('that cannot be made ends vna with a sentence and status 1', { timeout: 20_000 }, async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-state-'));
  const file = join(directory.path, 'file');
  writeFileSync(file, '');
  const starts = (state: string) =>
    promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', program, '--state', state]);
  const says = (state: string, why: string) => ({
    code: 1,
    stdout: '',
    stderr: `vna: Cannot use ${state} as the state directory: ${why}. Name another one: --state DIR\n`,
  });
  const below = join(file, 'agent');
  await expect(starts(below)).rejects.toMatchObject(says(below, 'a part of the path is not a directory'));
  await expect(starts(file)).rejects.toMatchObject(says(file, 'it is a file'));
});
