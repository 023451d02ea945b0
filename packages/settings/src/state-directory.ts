import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where programs of this user keep what must outlive them. */
export function stateDirectory(env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (process.getuid?.() === 0) return '/var/lib/openvnet';
  return join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'openvnet');
}
