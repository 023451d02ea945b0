import { readFileSync } from 'node:fs';
import type { Topology } from '@openvnet/model';
import { parseDocument, visit } from 'yaml';
import { UsageError } from '../failure.ts';

/** The topology in a file (`-` is standard input), YAML or JSON; of a lab file the section of that name. */
export function readTopologyFile(path: string): Topology {
  let text: string;
  try {
    text = readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (cause) {
    throw new UsageError(`${path}: ${(cause as Error).message}`, { cause });
  }
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error) throw new UsageError(`${path}: ${error.message.split('\n')[0]}`);
  visit(document, {
    // What is not written as a number would be is text: a datapath id would lose its leading zeros.
    Scalar: (_, node) => {
      if (typeof node.value === 'number' && node.source && String(node.value) !== node.source) node.value = node.source;
    },
  });
  const content = document.toJS() as unknown;
  if (content === null) return {};
  if (typeof content !== 'object' || Array.isArray(content))
    throw new UsageError(`${path}: expected resources with a list of objects each`);
  return ('topology' in content ? content.topology : content) as Topology;
}
