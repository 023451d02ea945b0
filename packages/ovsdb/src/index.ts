export type { BridgeState, PortState } from './bridges.ts';
export { askDaemon } from './control.ts';
export { OvsdbError } from './error.ts';
export { Ovsdb, type OvsdbEvents, type OvsdbOptions } from './ovsdb.ts';
