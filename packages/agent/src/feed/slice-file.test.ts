import { appendFileSync, mkdtempDisposableSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SliceMessage, Snapshot } from './slice.ts';
import { SliceFile } from './slice-file.ts';

const network = { id: 1, uuid: 'nw-a', display_name: 'a'.repeat(200) };
const position = { store: 's', epoch: 'e' };
const snapshot = { type: 'snapshot', ...position, revision: 1, rows: { network: [network] } } as unknown as Snapshot;
const change = (revision: number) =>
  ({
    type: 'changes',
    ...position,
    revision,
    changes: [{ kind: 'network', id: 1, row: network }],
  }) as unknown as SliceMessage;

let directory: ReturnType<typeof mkdtempDisposableSync>;
let path: string;
const complaints: string[] = [];
const log = pino(
  { level: 'warn' },
  { write: (line) => complaints.push(JSON.parse(line).reason ?? JSON.parse(line).msg) },
);

beforeEach(() => {
  directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-slice-'));
  path = join(directory.path, 'agent', 'slice.jsonl');
  complaints.length = 0;
  const file = new SliceFile(path, log);
  for (const message of [snapshot, change(2), change(3)]) file.write(message, JSON.stringify(message), () => snapshot);
  file.close();
});

afterEach(() => directory.remove());

function read(): SliceMessage[] {
  return new SliceFile(path, log).read();
}

describe('the copy of an agent', () => {
  it('is what was heard, and nobody else reads it', () => {
    expect(read()).toEqual([snapshot, change(2), change(3)]);
    expect(new SliceFile(path, log).heard()).toEqual({ ...position, revision: 3 });
    const modes = ['', '.heard', '/..'].map(
      (suffix) => statSync(suffix === '/..' ? join(path, '..') : path + suffix).mode,
    );
    expect(modes.map((mode) => mode & 0o777)).toEqual([0o600, 0o600, 0o700]);
  });

  it('knows what was heard last, also where that is said in fewer words', () => {
    const file = new SliceFile(path, log);
    const short = { type: 'snapshot', store: 't', revision: 1, rows: {} } as unknown as Snapshot;
    file.write(short, JSON.stringify(short), () => short);
    expect(file.heard()).toEqual({ store: 't', revision: 1 });
    file.close();
    expect(read()).toEqual([short]);
  });

  it('takes in a change of a whole topology as it came, and does not write the file anew for it', () => {
    const file = new SliceFile(path, log);
    file.write(snapshot, JSON.stringify(snapshot), () => snapshot);
    const rows = Array.from({ length: 20_000 }, (_, id) => ({ kind: 'network', id, row: { ...network, id } }));
    const large = { ...change(2), changes: rows } as unknown as SliceMessage;
    const never = (): Snapshot => {
      throw new Error('the whole was asked for');
    };
    file.write(large, JSON.stringify(large), never);
    // However its text is laid out.
    file.write(change(3), JSON.stringify(change(3), null, 2), never);
    file.close();
    expect(read()).toEqual([snapshot, large, change(3)]);
  });

  it('is none where any byte of it is another, or missing', () => {
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length; at += 7) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 1;
      writeFileSync(path, bytes);
      expect(read(), `byte ${at}`).toEqual([]);
      writeFileSync(path, whole.subarray(0, at));
      expect(read(), `cut at ${at}`).toEqual([]);
    }
    writeFileSync(path, whole);
    expect(read()).toHaveLength(3);
  });

  it('is none where its last lines are missing, though what is left is whole', () => {
    const [first] = readFileSync(path, 'utf8').split('\n');
    truncateSync(path, first!.length + 1);
    expect(read()).toEqual([]);
    expect(complaints).toEqual(['it ends at revision 1, but the manager has sent revision 3']);
    expect(new SliceFile(path, log).heard()?.store).toBe('s');
  });

  it('is none where a newer version has written it', () => {
    const text = JSON.stringify({ ...change(4), changes: [{ kind: 'cloud', id: 1, row: { id: 1 } }] });
    appendFileSync(path, `${crc32(text).toString(16).padStart(8, '0')} ${text}\n`);
    expect(read()).toEqual([]);
    expect(complaints).toEqual(['this version does not know objects of kind cloud']);
  });

  it('is none where a version without checksums has written it', () => {
    writeFileSync(path, `${JSON.stringify(snapshot)}\n`);
    expect(read()).toEqual([]);
  });

  it('is removed where it cannot be written, and begins anew with the next change', () => {
    // A device that is always full stands where the file would be written.
    const file = new SliceFile('/dev/full/slice.jsonl', log);
    file.write(snapshot, JSON.stringify(snapshot), () => snapshot);
    expect(complaints.join()).toContain('cannot be written and is removed');
    const own = new SliceFile(path, log);
    expect(own.read()).toHaveLength(3);
    own.write(change(4), JSON.stringify(change(4)), () => ({ ...snapshot, revision: 4 }));
    own.close();
    expect(read()).toEqual([{ ...snapshot, revision: 4 }]);
  });
});
