export { managerOptions } from './options.ts';
export { ListenError, type Manager, type ManagerOptions, startManager } from './start.ts';
