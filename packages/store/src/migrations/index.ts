import { type Migration, Migrator } from 'kysely/migration';
import type { Database } from '../sqlite/database.ts';
import { up as first } from './001-first.ts';
import { up as services } from './002-services.ts';
import { up as policies } from './003-policies.ts';
import { up as networkMtu } from './004-network-mtu.ts';
import { up as nextHops } from './005-next-hops.ts';
import { up as changeLog } from './006-change-log.ts';
import { up as epochs } from './007-epochs.ts';
import { up as descriptions } from './008-descriptions.ts';
import { up as hosts } from './009-hosts.ts';

/** In order, by name. Once merged, a migration is never edited. */
export const migrations: Record<string, Migration> = {
  '001-first': { up: first },
  '002-services': { up: services },
  '003-policies': { up: policies },
  '004-network-mtu': { up: networkMtu },
  '005-next-hops': { up: nextHops },
  '006-change-log': { up: changeLog },
  '007-epochs': { up: epochs },
  '008-descriptions': { up: descriptions },
  '009-hosts': { up: hosts },
};

/** The database has a form that this program does not know yet. */
export class NewerError extends Error {
  override readonly name = 'NewerError';
}

/** Migrates the database to the newest version, or to that of the migration `last`, in one transaction. Throws `NewerError`. */
export async function migrate(database: Database, last?: string): Promise<void> {
  const migrator = new Migrator({
    db: database.builder,
    provider: { getMigrations: async () => migrations },
  });
  const known = Object.keys(migrations);
  const newer = database.migrationsDone().filter((name) => !known.includes(name));
  if (newer.length > 0)
    throw new NewerError(`it has ${newer.at(-1)}, and this version knows ${known.at(-1)} and older`);
  database.begin();
  const { error } = await (last === undefined ? migrator.migrateToLatest() : migrator.migrateTo(last));
  if (error) {
    database.rollback();
    throw error instanceof Error ? error : new Error(String(error));
  }
  database.commit();
}
