import { accessSync, constants, mkdirSync } from 'node:fs';

/** The agent cannot start with its settings; the message is a sentence. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the file system is full',
  ENOTDIR: 'a part of the path is not a directory',
  EEXIST: 'it is a file',
};

/** Creates the directory of the agent's files, readable only by its user. Throws `StartError`. */
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
