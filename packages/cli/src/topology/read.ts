import { readFileSync } from 'node:fs';
import type { Topology } from '@openvnet/model';
import { UsageError } from '../failure.ts';
import { readPlainYaml } from './plain-yaml.ts';

/** The topology in a file (`-` is standard input), YAML or JSON; of a lab file the section of that name. */
export async function readTopologyFile(path: string): Promise<Topology> {
  let content: unknown;
  try {
    const text = readFileSync(path === '-' ? 0 : path, 'utf8');
    content = readPlainYaml(text) ?? (await import('./whole-yaml.ts')).readYaml(text);
  } catch (cause) {
    throw new UsageError(`${path}: ${(cause as Error).message.split('\n')[0]}`, { cause });
  }
  if (content === null) return {};
  if (typeof content !== 'object' || Array.isArray(content))
    throw new UsageError(`${path}: expected resources with a list of objects each`);
  return ('topology' in content ? content.topology : content) as Topology;
}
