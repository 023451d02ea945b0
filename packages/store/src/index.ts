export type { Reader, Values, Where } from './reader.ts';
export { type Commit, openStore, type Store, StoreError } from './store.ts';
export { type Transaction, UniqueError } from './transaction.ts';
