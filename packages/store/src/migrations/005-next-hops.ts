import type { Kysely } from 'kysely';
import type { AnyTables } from '../sqlite/database.ts';

/** The next hop of a route outside its own network. */
export async function up(db: Kysely<AnyTables>): Promise<void> {
  await db.schema.alterTable('routes').addColumn('next_hop_ipv4_address', 'integer').execute();
}
