export { logDestination, logLevel } from './log.ts';
export { ConfigError, declareOptions, readSettings } from './settings.ts';
export { stateDirectory } from './state-directory.ts';
export { hostPort, type Listen, listOf } from './values.ts';
