export { logDestination, logLevel } from './log.ts';
export { noteWork } from './memory.ts';
export { runProgram } from './run-program.ts';
export { ConfigError, declareOptions, readSettings } from './settings.ts';
export { stateDirectory } from './state-directory.ts';
export {
  hostPort,
  hostPorts,
  type Listen,
  listOf,
  matching,
  path,
  truth,
  UnexpectedError,
  webAddress,
} from './values.ts';
