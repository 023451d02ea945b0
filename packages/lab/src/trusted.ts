/**
 * Which files a lab goes by. It removes what its ledger names, as root more often than not, so the ledger must be a file
 * that nobody else can have written, in a directory that nobody else can have put there.
 */
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { LabError } from './run.ts';

/** The directory for the state of labs: /run for root, the runtime directory of another user, or one of their own. */
export function stateDirectory(): string {
  const wanted = isRoot() ? '/run' : process.env.XDG_RUNTIME_DIR;
  if (wanted && isWritable(wanted)) return wanted;
  return makeTrusted(join(tmpdir(), `openvnet-${process.geteuid!()}`));
}

/** Makes a directory for this user alone, where it is not there, and checks it. Returns its path without links. */
export function makeTrusted(path: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new LabError(`the directory ${path} for the state of labs cannot be created: ${(cause as Error).message}`, {
      cause,
    });
  }
  return checkTrusted(path);
}

/** Throws `LabError` unless this user owns the directory and nobody else can write to it or replace it. Returns its path without links. */
export function checkTrusted(path: string): string {
  check(path, lstatSync(path), 'directory');
  const real = realpathSync(path);
  for (let above = dirname(real); ; above = dirname(above)) {
    checkAbove(above, path);
    if (above === dirname(above)) return real;
  }
}

/** The text of a file that this user owns and nobody else can write; `undefined` if there is none. */
export function readTrusted(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'ELOOP') throw refused(path, 'is a symbolic link', path);
    throw error;
  }
  try {
    check(path, fstatSync(file), 'file');
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

function check(path: string, stats: Stats, expected: 'directory' | 'file'): void {
  if (stats.isSymbolicLink()) throw refused(path, 'is a symbolic link', path);
  const isExpected = expected === 'directory' ? stats.isDirectory() : stats.isFile();
  if (!isExpected) throw refused(path, `is not a ${expected}`, path);
  if (stats.uid !== process.geteuid!()) throw refused(path, `belongs to uid ${stats.uid}`, path);
  if (stats.mode & writableByOthers) throw refused(path, `can be written by others (mode ${mode(stats)})`, path);
}

/** A directory above may belong to root too, and others may write to it where they cannot rename what is not theirs. */
function checkAbove(directory: string, path: string): void {
  const stats = statSync(directory);
  // In a user namespace root of the machine has another number: that of whoever owns the root directory.
  const trusted = [process.geteuid!(), 0, statSync('/').uid];
  if (!trusted.includes(stats.uid)) throw refused(directory, `belongs to uid ${stats.uid}`, path);
  const isSticky = (stats.mode & 0o1000) !== 0;
  if (stats.mode & writableByOthers && !isSticky)
    throw refused(directory, `can be written by others (mode ${mode(stats)})`, path);
}

const writableByOthers = 0o022;

function refused(at: string, why: string, path: string): LabError {
  const what = at === path ? '' : `, and ${path} is in it`;
  const remedy =
    at === path
      ? `See who made it with ls -ld ${at}, then remove it or use another directory`
      : `Use a directory in ${isRoot() ? '/run' : 'your home directory'}`;
  return new LabError(
    `${at} ${why}${what}. A lab removes whatever is noted in its directory, so only its user may be able to write there. ${remedy}.`,
  );
}

function mode(stats: Stats): string {
  return (stats.mode & 0o7777).toString(8).padStart(4, '0');
}

function isRoot(): boolean {
  return process.geteuid!() === 0;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
