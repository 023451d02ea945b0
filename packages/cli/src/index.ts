export type { Io } from './output.ts';
export { runCommandLine } from './program.ts';
