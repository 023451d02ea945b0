import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const program = fileURLToPath(new URL('testing-churn.ts', import.meta.url));

it('remembers nothing of interfaces that came and went: 20,000 of them leave 2 MB at most', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, '20000']);
  expect(Number(stdout)).toBeLessThan(2 << 20);
}, 480_000);
