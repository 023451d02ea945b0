import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { removeAbandoned } from './index.ts';
import { Ledger } from './ledger.ts';
import { isRunning, processId } from './processes.ts';
import { start } from './run.ts';
import { checkTrusted, stateDirectory } from './trusted.ts';

const isRoot = process.geteuid!() === 0;
const noSuchUser = 54321;

let directory: string;
let state: string;
let path: string;
/** What a lab must not touch. */
let precious: string;

beforeEach(async () => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'openvnet-trust-test-')));
  precious = join(directory, 'precious');
  state = join(directory, 'state');
  path = join(state, 'made.jsonl');
  mkdirSync(precious);
  writeFileSync(join(precious, 'file'), '');
  const ledger = Ledger.begin(state);
  await ledger.make({ kind: 'directory', path: join(state, 'own') }, async () => mkdirSync(join(state, 'own')));
});

afterEach(() => {
  expect(existsSync(join(precious, 'file'))).toBe(true);
  rmSync(directory, { recursive: true });
});

/** Adds what a hostile user would write. */
function note(thing: object): void {
  writeFileSync(path, `${readFileSync(path, 'utf8')}${JSON.stringify({ number: 1, thing })}\n`);
}

describe('a ledger is refused', () => {
  const daemon = () => ({ kind: 'daemon', program: 'sh', pidFile: join(state, 'x.pid'), marker: `${state}/x` });
  const lines: readonly [what: string, thing: () => object, message: () => string][] = [
    [
      'that names a directory outside',
      () => ({ kind: 'directory', path: precious }),
      () => `${path}, line 3: thing.path: "${precious}": expected a path in ${state}`,
    ],
    [
      'that leads outside by dots',
      () => ({ kind: 'directory', path: `${state}/../precious` }),
      () => `thing.path: "${state}/../precious": expected a path in ${state}`,
    ],
    [
      'with an empty marker',
      () => ({ ...daemon(), marker: '' }),
      () => `line 3: thing.marker: "": expected words with ${state} in them`,
    ],
    [
      'with the words of some other program',
      () => ({ ...daemon(), marker: 'sshd' }),
      () => 'line 3: thing.marker: "sshd": expected words',
    ],
    [
      'with a process number from elsewhere',
      () => ({ ...daemon(), pidFile: '/run/sshd.pid' }),
      () => `thing.pidFile: "/run/sshd.pid": expected a path in ${state}`,
    ],
    [
      'with a namespace that is a path',
      () => ({ kind: 'namespace', name: '../../etc' }),
      () => 'thing.name: "../../etc": expected letters',
    ],
    ['with an option for a name', () => ({ kind: 'device', name: '-force' }), () => 'thing.name: "-force"'],
    [
      'with the mark of another lab',
      () => ({ kind: 'bridge', name: 'br0', database: '/run/db.sock', mark: '' }),
      () => `thing.mark: "": expected ${state}`,
    ],
    ['with a kind that no lab makes', () => ({ kind: 'shell', command: 'id' }), () => 'line 3: thing'],
  ];
  it.each(lines)('%s', async (_, thing, message) => {
    note(thing());
    expect(() => Ledger.find(state)).toThrow(message());
    expect(existsSync(join(state, 'own'))).toBe(true);
  });

  it('that others can write', () => {
    chmodSync(path, 0o666);
    expect(() => Ledger.find(state)).toThrow(`${path} can be written by others (mode 0666)`);
  });

  it('that is a symbolic link', () => {
    writeFileSync(join(directory, 'elsewhere'), readFileSync(path));
    rmSync(path);
    symlinkSync(join(directory, 'elsewhere'), path);
    expect(() => Ledger.find(state)).toThrow(`${path} is a symbolic link`);
  });

  it('in a directory that others can write, is a symbolic link, or lies in one that others can write', () => {
    chmodSync(state, 0o777);
    expect(() => Ledger.find(state)).toThrow(`${state} can be written by others (mode 0777)`);
    expect(() => Ledger.begin(state)).toThrow(`${state} can be written by others (mode 0777)`);
    chmodSync(state, 0o700);
    symlinkSync(state, join(directory, 'link'));
    expect(() => Ledger.find(join(directory, 'link'))).toThrow(`${directory}/link is a symbolic link`);
    chmodSync(directory, 0o777);
    expect(() => Ledger.find(state)).toThrow(
      `${directory} can be written by others (mode 0777), and ${state} is in it`,
    );
    // As in the directory for temporary files, nobody can rename there what is not theirs.
    chmodSync(directory, 0o1777);
    expect(Ledger.find(state)!.things).toHaveLength(1);
  });

  it('of another user', () => {
    if (!isRoot) return expect(() => checkTrusted('/usr')).toThrow('/usr belongs to uid 0');
    chownSync(path, noSuchUser, noSuchUser);
    expect(() => Ledger.find(state)).toThrow(`${path} belongs to uid ${noSuchUser}`);
    chownSync(path, 0, 0);
    chownSync(state, noSuchUser, noSuchUser);
    expect(() => Ledger.find(state)).toThrow(`${state} belongs to uid ${noSuchUser}`);
    chownSync(state, 0, 0);
    chownSync(directory, noSuchUser, noSuchUser);
    expect(() => Ledger.find(state)).toThrow(`${directory} belongs to uid ${noSuchUser}, and ${state} is in it`);
    chownSync(directory, 0, 0);
  });
});

describe('what is noted', () => {
  it('is not removed where a symbolic link has taken its place', async () => {
    const ledger = Ledger.find(state)!;
    rmSync(join(state, 'own'), { recursive: true });
    symlinkSync(precious, join(state, 'own'));
    await expect(ledger.undoAll()).rejects.toThrow(`${state}/own is a symbolic link`);
  });

  it('is checked before it is noted', async () => {
    const made = Ledger.find(state)!.make({ kind: 'directory', path: precious }, async () => {});
    await expect(made).rejects.toThrow(`expected a path in ${state}`);
    expect(Ledger.find(state)!.things).toHaveLength(1);
  });
});

describe('abandoned switches', () => {
  const own = (name: string): string => {
    const made = mkdtempSync(join(stateDirectory(), `openvnet-switch-${name}-`));
    onTestFinished(() => rmSync(made, { recursive: true, force: true }));
    return made;
  };

  it('are removed; those of a process that runs, and those that are refused, are not', async () => {
    const [live, dead, hostile] = [own('live'), own('dead'), own('hostile')];
    const child = start('sleep', ['60'], { stdio: 'ignore' });
    onTestFinished(() => void child.kill());
    const running = processId(child.pid!)!;
    const owned = async (at: string, owner: object, marker: string): Promise<void> => {
      const ledger = Ledger.begin(at);
      await ledger.make({ kind: 'directory', path: at, outlivesBoot: true }, async () => {});
      const file = join(at, 'made.jsonl');
      const text = readFileSync(file, 'utf8').replace(/"owner":\{[^}]*\}/, `"owner":${JSON.stringify(owner)}`);
      const daemon = { kind: 'daemon', program: 'sleep', pidFile: join(at, 'sleep.pid'), marker };
      writeFileSync(file, `${text}${JSON.stringify({ number: 1, thing: daemon })}\n`);
    };
    const gone = { ...running, startedAt: 1 };
    await owned(live, running, `${live}/x`);
    await owned(dead, gone, `${dead}/x`);
    await owned(hostile, gone, '');
    const said: string[] = [];
    await removeAbandoned((line) => said.push(line));
    expect([live, dead, hostile].map((at) => existsSync(at))).toEqual([true, false, true]);
    expect(said.filter((line) => line.includes(hostile))).toEqual([
      expect.stringContaining(
        `${hostile}/made.jsonl, line 3: thing.marker: "": expected words with ${hostile} in them`,
      ),
    ]);
    expect(isRunning(running)).toBe(true);
  });
});
