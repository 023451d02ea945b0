/** Backups of the store: by a manager that serves, and by `vnmgr` alone. */
import { createReadStream, createWriteStream, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { Listen } from '@openvnet/settings';
import { backupStore, requireSound, type Store, StoreError } from '@openvnet/store';
import type { FastifyInstance } from 'fastify';

const route = '/api/1.0/backup';

/** `GET /backup`: a copy of the store as it is now. */
export function serveBackup(app: FastifyInstance, store: Store, path: string): void {
  app.get(route, async (_request, reply) => {
    const directory = mkdtempSync(join(path === 'memory' ? tmpdir() : dirname(path), 'backup-'));
    const leave = () => rmSync(directory, { recursive: true, force: true });
    try {
      const copy = join(directory, 'store.db');
      await store.backup(copy);
      // Once it is open it needs no name.
      const stream = createReadStream('', { fd: openSync(copy, 'r') });
      return reply.type('application/vnd.sqlite3').send(stream);
    } finally {
      leave();
    }
  });
}

/** Writes a copy of the store into the new file `copy`: by the manager that has it open, or by this process. */
export async function backup(
  { store, listen: all }: { store: string; listen: Listen | readonly Listen[] },
  copy: string,
): Promise<void> {
  try {
    await backupStore(store, copy);
    return;
  } catch (error) {
    if (!(error instanceof StoreError) || !error.message.includes('is in use')) throw error;
  }
  const listen = [all].flat()[0]!;
  const url = `http://${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${listen.port}${route}`;
  try {
    const answer = await fetch(url);
    if (!answer.ok || !answer.body) throw new Error(`status ${answer.status}: ${(await answer.text()).slice(0, 300)}`);
    const file = openSync(copy, 'wx', 0o600);
    await pipeline(Readable.fromWeb(answer.body as ReadableStream), createWriteStream('', { fd: file, flush: true }));
  } catch (cause) {
    const { message, cause: inner } = cause as Error & { cause?: Error };
    const why = inner?.message ?? message;
    throw new StoreError(
      `The backup failed: a manager has the store ${store} open, and ${url} does not give a copy of it: ${why}. ` +
        `If the manager serves another address, use: vnmgr backup --listen HOST:PORT ${copy}`,
      { cause },
    );
  }
  requireSound(copy);
}
