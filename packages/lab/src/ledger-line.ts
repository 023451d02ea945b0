/** The lines of a ledger, and what may stand in them: only what a lab in that directory can have made. */
import { normalize } from 'node:path';
import * as z from 'zod';
import { LabError } from './run.ts';

export type Line = z.infer<ReturnType<typeof linesIn>[keyof ReturnType<typeof linesIn>]>;

/** What a lab makes and removes again. `outlivesBoot`: still there after a restart of the machine. */
export type Thing = z.infer<ReturnType<typeof thingIn>>;

/** A program in the background. */
export type Daemon = Extract<Thing, { kind: 'daemon' }>;

/** Reads a line of the ledger of `directory`; `at` says where it stands. Throws `LabError` unless a lab can have written it. */
export function parseLine(text: string, directory: string, at: string): Line | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // A line that was cut by a crash: what it would have named was not made yet.
    return undefined;
  }
  return checkLine(value, directory, at);
}

/** Throws `LabError` unless the value is a line that a lab in `directory` can have written. */
export function checkLine(value: unknown, directory: string, at: string): Line {
  const lines = linesIn(directory);
  const keys = Object.keys(lines) as (keyof typeof lines)[];
  const key = keys.find((one) => typeof value === 'object' && value !== null && one in value);
  if (!key) throw new LabError(`${at}: not a line of a ledger. ${consequence}`);
  const read = lines[key].safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const field = issue!.path.join('.');
  const given = issue!.path.reduce<unknown>((inner, name) => (inner as Record<PropertyKey, unknown>)[name], value);
  throw new LabError(`${at}: ${field || 'the line'}: ${JSON.stringify(given)}: ${issue!.message}. ${consequence}`);
}

const consequence = 'Nothing that it names is removed; look at it, and delete it where it is not yours.';

function linesIn(directory: string) {
  const number = z.int().min(0);
  return {
    owner: z.strictObject({
      owner: z.strictObject({ pid: z.int().min(1), startedAt: z.number() }),
      boot: z.string(),
      note: z.string(),
    }),
    thing: z.strictObject({ number, thing: thingIn(directory) }),
    identity: z.strictObject({ number, identity: z.string() }),
    gone: z.strictObject({ number, gone: z.literal(true) }),
  } as const;
}

function thingIn(directory: string) {
  const isInside = (path: string): boolean =>
    normalize(path) === path && (path === directory || path.startsWith(`${directory}/`));
  const path = z.string().refine(isInside, `expected a path in ${directory}`);
  // The directory stands in the command line of every program of the lab, so no other program is ended.
  const marker = z.string().refine((words) => words.includes(directory), `expected words with ${directory} in them`);
  const mark = z.literal(directory, `expected ${directory}`);
  const outlivesBoot = z.boolean().optional();
  return z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('directory'), path, outlivesBoot }),
    z.strictObject({ kind: z.literal('daemon'), program: name, pidFile: path, marker, outlivesBoot }),
    z.strictObject({ kind: z.literal('namespace'), name, device: name.optional(), outlivesBoot }),
    /** On a switch that was there before; `mark` is the value of its `external_ids:openvnet-lab`. */
    z.strictObject({
      kind: z.literal(['bridge', 'port']),
      name,
      database: z.string().startsWith('/'),
      mark,
      outlivesBoot,
    }),
    /** What vswitchd makes in the kernel and leaves there when it is killed: its datapath, the local port of a bridge. */
    z.strictObject({ kind: z.literal(['datapath', 'device']), name, outlivesBoot }),
  ]);
}

/** Of a namespace, a device, a bridge, a port or a program: never a path, and never an option. */
const name = z.string().regex(/^\w[\w.-]*$/, 'expected letters, digits, dots, dashes and underscores');
