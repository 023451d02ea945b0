/** Tests by the number: what a run of vitest wrote down. */
import { readFileSync } from 'node:fs';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** The words that run tests, print them as `reporter` does, and write the counts to `file`. */
export function vitestWords(
  project: string,
  file: string,
  { reporter = 'default', filters = [] }: { readonly reporter?: string; readonly filters?: readonly string[] } = {},
): string[] {
  return [
    'run',
    '--project',
    project,
    `--reporter=${reporter}`,
    '--reporter=json',
    `--outputFile.json=${file}`,
    ...filters,
  ];
}

/** What that run wrote; one that failed has a failure, and one that wrote nothing is a failure itself. */
export function countsOf(file: string, wentWell: boolean): Counts {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
    return { passed: numPassedTests!, failed: Math.max(numFailedTests!, wentWell ? 0 : 1) };
  } catch {
    return { passed: 0, failed: 1 };
  }
}
