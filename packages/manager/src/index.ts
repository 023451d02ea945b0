export { ListenError } from './listening.ts';
export { managerOptions } from './options.ts';
export { type Manager, type ManagerOptions, startManager } from './start.ts';
