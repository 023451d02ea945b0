export type { Io } from './output.ts';
export { runCommandLine } from './program.ts';
export { splitLine } from './split-line.ts';
