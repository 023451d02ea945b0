import { DatabaseSync } from 'node:sqlite';

/** The tables of which ids are keys of tunnels between hosts. */
const tables = ['networks', 'segments'] as const;

/** How many ids may have been given after a backup was made. There are 8 million: enough to restore 800 times. */
const skipped = 10_000;

/**
 * Skips ids that may have been given since the copy was made. A host that is away keeps the flows of the lost objects; an object with the
 * id of one of them would receive its frames.
 */
export function skipTunnelKeys(path: string): void {
  const database = new DatabaseSync(path);
  try {
    for (const table of tables) {
      const { changes } = database
        .prepare('update sqlite_sequence set seq = seq + ? where name = ?')
        .run(skipped, table);
      if (changes === 0) database.prepare('insert into sqlite_sequence (name, seq) values (?, ?)').run(table, skipped);
    }
  } finally {
    database.close();
  }
}
