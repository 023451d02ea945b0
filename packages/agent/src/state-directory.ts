import { accessSync, constants, mkdirSync } from 'node:fs';

/** The agent cannot start as it is told to; the message is a sentence. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the file system is full',
  ENOTDIR: 'a part of the path is no directory',
  EEXIST: 'there is a file of that name',
};

/** Makes the directory of the agent's own files, which nobody else may read. Throws `StartError`. */
export function makeStateDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    const why = reasons[code] ?? message;
    throw new StartError(`Cannot use ${path} as the state directory: ${why}. Name another one: --state DIR`, { cause });
  }
}
