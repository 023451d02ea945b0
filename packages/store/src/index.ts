export { backupStore, restoreStore } from './copies.ts';
export { openStore } from './open.ts';
export type { ChangedBy, Logged, Reader, Values, Where } from './reader.ts';
export { type Numbers, Runs } from './runs.ts';
export { requireSound } from './sqlite/sound.ts';
export {
  type Commit,
  type Store,
  StoreError,
  StoreFault,
  type StoreOptions,
  type Touched,
  type Transaction,
  UniqueError,
} from './store.ts';
