/** The programs of the last release, from the history of this repository, to be run beside those of this tree. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The commit of the last release; a new release puts its own here. */
const lastRelease = 'a1a084aeba4d2d72d76d16f30c3f5d43b9fe7f9e';

/** The root of this tree. */
export const thisTree = fileURLToPath(new URL('../../../..', import.meta.url));

/**
 * Writes the last release into a directory of its own and gives its path; who calls it removes it. Its packages find each
 * other there, and the packages of npm in this tree. Throws where the history does not reach back so far.
 */
export function unpackLastRelease(): string {
  const archive = read(lastRelease);
  const tree = mkdtempSync(join(tmpdir(), 'openvnet-release-'));
  execFileSync('tar', ['-x', '-C', tree], { input: archive });
  const modules = join(tree, 'node_modules');
  mkdirSync(join(modules, '@openvnet'), { recursive: true });
  const ours = join(thisTree, 'node_modules');
  for (const name of readdirSync(ours)) if (name !== '@openvnet') symlinkSync(join(ours, name), join(modules, name));
  for (const name of readdirSync(join(tree, 'packages')))
    symlinkSync(join(tree, 'packages', name), join(modules, '@openvnet', name));
  return tree;
}

function read(commit: string): Buffer {
  // The tree may belong to another user than root, who runs the tests.
  const git = ['-c', 'safe.directory=*', '-C', thisTree];
  try {
    execFileSync('git', [...git, 'cat-file', '-e', `${commit}^{commit}`], { stdio: 'ignore' });
  } catch (cause) {
    const remedy = `git -C ${thisTree} fetch --unshallow`;
    throw new Error(`The last release, ${commit}, is not in the history of this repository. Use: ${remedy}`, { cause });
  }
  return execFileSync('git', [...git, 'archive', commit, 'packages'], { maxBuffer: 1 << 28 });
}
