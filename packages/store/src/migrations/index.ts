import { type Migration, Migrator } from 'kysely/migration';
import type { Sqlite } from '../sqlite.ts';
import { up as first } from './001-first.ts';
import { up as services } from './002-services.ts';
import { up as policies } from './003-policies.ts';
import { up as networkMtu } from './004-network-mtu.ts';
import { up as nextHops } from './005-next-hops.ts';

/** In order, by name. Once merged, a migration is never edited. */
const migrations: Record<string, Migration> = {
  '001-first': { up: first },
  '002-services': { up: services },
  '003-policies': { up: policies },
  '005-next-hops': { up: nextHops },
  '004-network-mtu': { up: networkMtu },
};

/** Brings the database to the newest form, whole or not at all. */
export async function migrate(sqlite: Sqlite): Promise<void> {
  const migrator = new Migrator({
    db: sqlite.builder,
    provider: { getMigrations: async () => migrations },
  });
  sqlite.begin();
  const { error } = await migrator.migrateToLatest();
  if (error) {
    sqlite.rollback();
    throw error instanceof Error ? error : new Error(String(error));
  }
  sqlite.commit();
}
