export type { Reader, Values, Where } from './reader.ts';
export { type Commit, openStore, type Store, StoreError, type StoreOptions } from './store.ts';
export { type Touched, type Transaction, UniqueError } from './transaction.ts';
