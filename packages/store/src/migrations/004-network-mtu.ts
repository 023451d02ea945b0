import type { Kysely } from 'kysely';
import type { AnyTables } from '../sqlite/database.ts';

/** The MTU of a network. */
export async function up(db: Kysely<AnyTables>): Promise<void> {
  await db.schema.alterTable('networks').addColumn('mtu', 'integer').execute();
}
