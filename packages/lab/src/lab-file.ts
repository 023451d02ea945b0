/** Reads and checks lab files. What is wrong in one is said with its line, its field and what is expected. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseDatapathId, parseMac } from '@openvnet/model';
import { isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import * as z from 'zod';
import { type Check, parseCheck } from './checks.ts';
import { LabError } from './run.ts';
import { checkTopology, type Topology } from './topology.ts';

export interface LabFile {
  readonly path: string;
  readonly bridges: readonly z.infer<typeof bridge>[];
  readonly namespaces: readonly z.infer<typeof namespace>[];
  readonly topology: Topology;
  readonly checks: readonly Check[];
}

/** The three experiments. */
export const experiments = fileURLToPath(new URL('../experiments.yaml', import.meta.url));

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
  const read = labFile.safeParse(document.toJS() ?? {});
  if (read.success) return { path, ...read.data };
  const [issue] = read.error.issues;
  const { path: at, message } = issue!;
  const name = at.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return fail(lineOf(at), `${name.replace(/^\./, '') || 'the file'}: ${message}`);
}

const name = z
  .string({ error: 'expected a name' })
  .regex(/^[\w.-]+$/, 'expected letters, digits, dots, dashes and underscores');
const device = name.max(15, 'expected at most 15 characters: it is the name of a device');
const mac = z.string({ error: expected('a MAC address') }).refine((text) => parseMac(text) !== undefined, {
  error: expected('a MAC address, such as 52:54:00:0d:84:01'),
});
const address = z.string().refine((text) => isIP(text) !== 0, { error: expected('an address, such as 172.16.1.254') });
const range = z.string().refine(isRange, { error: expected('an address and a prefix, such as 172.16.1.1/24') });
const text = z.union([z.string(), z.number(), z.boolean()], { error: 'expected text' }).transform(String);

const bridge = z.strictObject({
  name: device,
  datapath_id: text
    .refine((given) => parseDatapathId(given) !== undefined, { error: expected('1 to 16 hexadecimal digits') })
    .optional(),
  protocols: z.array(z.string()).optional(),
  fail_mode: z.enum(['secure', 'standalone'], { error: 'expected secure or standalone' }).optional(),
  controller: z.string().optional(),
  other_config: z.record(z.string(), text).optional(),
});

const namespace = z.strictObject({
  name,
  bridge: z.string(),
  port: device.optional(),
  device: device.optional(),
  mac: mac.optional(),
  addresses: z.array(range).optional(),
  routes: z.array(z.strictObject({ to: z.union([range, z.literal('default')]), via: address })).optional(),
  mtu: z.number().int().min(68).max(65_535).optional(),
});

const check = z.string().transform((line, context) => {
  const read = parseCheck(line);
  if (typeof read !== 'string') return read;
  context.addIssue({ code: 'custom', message: read });
  return z.NEVER;
});

const values = z.record(z.string(), z.unknown());

const labFile = z
  .strictObject({
    bridges: z.array(bridge).default([]),
    namespaces: z.array(namespace).default([]),
    topology: z.record(z.string(), z.array(values, { error: 'expected a list' })).default({}),
    checks: z.array(check).default([]),
  })
  .superRefine(({ bridges, namespaces, topology, checks }, context) => {
    const say = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path, message });
    for (const [index, { bridge: wanted }] of namespaces.entries()) {
      if (bridges.some(({ name: known }) => known === wanted)) continue;
      say(['namespaces', index, 'bridge'], `no bridge of the file is called ${wanted}`);
    }
    const names = namespaces.map(({ name: known }) => known);
    for (const [index, known] of names.entries()) {
      if (names.indexOf(known) !== index) say(['namespaces', index, 'name'], `${known} is there twice`);
    }
    for (const [index, { from, seenOnlyBy = [] }] of checks.entries()) {
      const missing = [from, ...seenOnlyBy].find((wanted) => !names.includes(wanted));
      if (missing) say(['checks', index], `no namespace of the file is called ${missing}`);
    }
    checkTopology(topology, (path, message) => say(['topology', ...path], message));
  });

function isRange(given: string): boolean {
  const [base = '', prefix = ''] = given.split('/');
  const version = isIP(base);
  return version !== 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128);
}

function expected(what: string) {
  return ({ input }: { readonly input?: unknown }): string => `${JSON.stringify(input)}: expected ${what}`;
}

function reason(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  return code === 'EISDIR' ? 'it is a directory' : message;
}
