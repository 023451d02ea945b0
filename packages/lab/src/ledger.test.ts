import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AlreadyThere, Ledger } from './ledger.ts';
import { end, fromPidFile, isRunning, processId } from './processes.ts';
import { start, startedBy } from './run.ts';

let directory: string;
let state: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'openvnet-ledger-test-'));
  state = join(directory, 'state');
});

afterEach(() => rmSync(directory, { recursive: true }));

const thing = (name: string) => ({ kind: 'directory', path: join(state, name), outlivesBoot: true }) as const;
const make = (name: string) => async () => mkdirSync(join(state, name));

describe('a ledger', () => {
  it('knows what to remove after the process that made it has gone', async () => {
    const ledger = Ledger.begin(state, 'a note');
    await ledger.make({ kind: 'directory', path: state, outlivesBoot: true }, async () => {});
    await ledger.make(thing('a'), make('a'));
    const found = Ledger.find(state)!;
    expect(found.note).toBe('a note');
    expect(found.has({ kind: 'directory', path: join(state, 'a') })).toBe(true);
    await found.undoAll();
    expect(existsSync(join(state, 'a'))).toBe(false);
    expect(Ledger.find(state)).toBeUndefined();
  });

  it('holds a thing before it is made, so that half of it is removed too', async () => {
    const ledger = Ledger.begin(state);
    const failing = ledger.make(thing('half'), async () => {
      mkdirSync(join(state, 'half'));
      throw new Error('cut short');
    });
    await expect(failing).rejects.toThrow('cut short');
    await Ledger.find(state)!.undoAll();
    expect(existsSync(join(state, 'half'))).toBe(false);
  });

  it('leaves alone what was there already', async () => {
    const ledger = Ledger.begin(state);
    mkdirSync(join(state, 'theirs'));
    const taken = ledger.make(thing('theirs'), async () => {
      throw new AlreadyThere('theirs is there already');
    });
    await expect(taken).rejects.toThrow('theirs is there already');
    await Ledger.find(state)!.undoAll();
    expect(existsSync(join(state, 'theirs'))).toBe(true);
  });

  it('can be read when its last line was cut', async () => {
    const ledger = Ledger.begin(state);
    await ledger.make(thing('a'), make('a'));
    appendFileSync(join(state, 'made.jsonl'), '{"number":1,"thing":{"kind":"dir');
    const found = Ledger.find(state)!;
    expect(found.things).toHaveLength(1);
    await found.make(thing('b'), make('b'));
    expect(Ledger.find(state)!.things).toHaveLength(2);
  });

  it('does not take a program for its own that got the same number', async () => {
    const ledger = Ledger.begin(state);
    const pidFile = join(state, 'x.pid');
    const child = start('sh', ['-c', 'read line', 'sh', `${state}/theirs`], { stdio: ['pipe', 'ignore', 'ignore'] });
    writeFileSync(pidFile, `${child.pid}\n`);
    const running = fromPidFile(pidFile)!;
    const daemon = { kind: 'daemon', program: 'sh', pidFile, marker: `${state}/ours` } as const;
    await ledger.make(daemon, async () => {});
    await ledger.undoAll();
    expect(isRunning(running)).toBe(true);
    await ledger.make({ ...daemon, marker: `${state}/theirs` }, async () => {});
    await ledger.undoAll();
    expect(isRunning(running)).toBe(false);
    expect(isRunning({ ...processId(process.pid)!, startedAt: 1 })).toBe(false);
  });

  it('ends a program that has not written its number yet', async () => {
    const marker = `--state ${state}/agent`;
    const child = start('sh', ['-c', 'read line', 'sh', ...marker.split(' ')], { stdio: ['pipe', 'ignore', 'ignore'] });
    const running = processId(child.pid!)!;
    const ledger = Ledger.begin(state);
    const daemon = { kind: 'daemon', program: 'sh', pidFile: join(state, 'none.pid'), marker } as const;
    await ledger.make(daemon, async () => {});
    await ledger.undoAll();
    expect(isRunning(running)).toBe(false);
  });

  it('waits for what its owner had begun when it was killed', async () => {
    const owner = { pid: process.pid, startedAt: 1 };
    Ledger.begin(state);
    const path = join(state, 'made.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"owner":\{[^}]*\}/, `"owner":${JSON.stringify(owner)}`));
    const [name, value] = startedBy(owner).split('=') as [string, string];
    const child = start('sleep', ['0.3'], { stdio: 'ignore', env: { [name]: value } });
    const other = start('sleep', ['60'], { stdio: 'ignore' });
    const begun = processId(child.pid!)!;
    await Ledger.find(state)!.undoAll();
    expect(isRunning(begun)).toBe(false);
    expect(other.exitCode).toBe(null);
    await end(processId(other.pid!)!);
  });

  it('removes of an earlier run of the machine only what outlives it', async () => {
    const ledger = Ledger.begin(state);
    await ledger.make(thing('kept'), make('kept'));
    await ledger.make({ kind: 'directory', path: join(state, 'other') }, make('other'));
    const path = join(state, 'made.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"boot":"[^"]*"/, '"boot":"earlier"'));
    await Ledger.find(state)!.undoAll();
    expect(existsSync(join(state, 'kept'))).toBe(false);
    expect(existsSync(join(state, 'other'))).toBe(true);
  });
});
