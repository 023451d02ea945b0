import type { Kysely } from 'kysely';
import type { AnyTables } from '../sqlite/database.ts';

/** The largest packet of a network, where one is given. */
export async function up(db: Kysely<AnyTables>): Promise<void> {
  await db.schema.alterTable('networks').addColumn('mtu', 'integer').execute();
}
