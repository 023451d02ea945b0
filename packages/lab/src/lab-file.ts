/** Reads and checks lab files. What is wrong in one is said with its line, its field and what is expected. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { type LabPlan, labPlan } from './lab-plan.ts';
import { LabError } from './run.ts';

/** What a lab file says, and where it is. */
export interface LabFile extends LabPlan {
  readonly path: string;
}

/** The three experiments. */
export const experiments = fileURLToPath(new URL('../experiments.yaml', import.meta.url));

/** Three hosts in two underlay networks, and a station outside. */
export const hosts = fileURLToPath(new URL('../hosts.yaml', import.meta.url));

/** Throws `LabError` that names file, line and field. */
export function readLabFile(path: string): LabFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new LabError(`lab file ${path}: ${reason(cause)}`, { cause });
  }
  return parseLabFile(text, path);
}

export function parseLabFile(text: string, path: string): LabFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  visit(document, {
    // What is not written as a number would be is text: a datapath id would lose its leading zeros.
    Scalar: (_, node) => {
      if (typeof node.value === 'number' && node.source && String(node.value) !== node.source) node.value = node.source;
    },
  });
  const fail = (line: number | undefined, what: string): never => {
    throw new LabError(`lab file ${path}${line === undefined ? '' : `, line ${line}`}: ${what}`);
  };
  const lineOf = (at: readonly PropertyKey[]): number | undefined => {
    for (let length = at.length; length >= 0; length--) {
      const parent = document.getIn(at.slice(0, length - 1), true);
      const key =
        isMap(parent) && parent.items.find((pair) => isScalar(pair.key) && pair.key.value === at[length - 1])?.key;
      const node = key || document.getIn(at.slice(0, length), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return undefined;
  };
  const [broken] = document.errors;
  if (broken) fail(broken.linePos?.[0].line, broken.message.split('\n')[0]!.replace(/ at line .*/, ''));
  const read = labPlan.safeParse(document.toJS() ?? {});
  if (read.success) return { path, ...read.data };
  const [issue] = read.error.issues;
  const { path: at, message } = issue!;
  const name = at.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return fail(lineOf(at), `${name.replace(/^\./, '') || 'the file'}: ${message}`);
}

function reason(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  return code === 'EISDIR' ? 'it is a directory' : message;
}
