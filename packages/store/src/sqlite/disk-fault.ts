import { dirname } from 'node:path';
import { shell } from '@openvnet/model';
import { StoreFault } from '../store.ts';

interface Fault {
  readonly what: string;
  readonly use: (path: string) => string;
}

const space = (path: string): string => shell`df -h ${dirname(path)}`;
const restore = (): string => 'vnmgr restore FILE';

/** By the primary result code of SQLite, the low byte of an extended one. */
const faults: Readonly<Record<number, Fault>> = {
  8: { what: 'cannot be written: it is read-only', use: space },
  10: { what: 'cannot be read or written: the disk reports an error', use: space },
  11: { what: 'is damaged', use: restore },
  13: { what: 'cannot be written: its disk is full', use: space },
  26: { what: 'is damaged', use: restore },
};

/** Runs `work` on the database in the file `path`. Throws `StoreFault` where file or disk is at fault. */
export function onDisk<T>(path: string | null, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const { errcode } = cause as { errcode?: number };
    const fault = errcode === undefined || path === null ? undefined : faults[errcode & 0xff];
    throw fault && path !== null ? new StoreFault(path, fault.what, { cause, use: fault.use(path) }) : cause;
  }
}
