import { homedir } from 'node:os';
import { join } from 'node:path';

/** The directory for state of this user that outlives a process. */
export function stateDirectory(env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (process.getuid?.() === 0) return '/var/lib/openvnet';
  return join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'openvnet');
}
