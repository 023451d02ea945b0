import type { Kysely } from 'kysely';
import type { AnyTables } from '../sqlite/database.ts';

/** Descriptions of routes and filter rules. */
export async function up(db: Kysely<AnyTables>): Promise<void> {
  await db.schema.alterTable('routes').addColumn('description', 'text').execute();
  await db.schema.alterTable('filter_statics').addColumn('description', 'text').execute();
}
