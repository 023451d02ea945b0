/** The thread of `yaml.ts`: reads one text, says what it gives or what is wrong with it, and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { readYaml } from './yaml.ts';

let answer: { content: unknown } | { why: string };
try {
  answer = { content: readYaml(workerData as string) };
} catch (error) {
  answer = { why: (error as Error).message };
}
parentPort!.postMessage(answer);
