import { type Kysely, sql } from 'kysely';
import type { AnyTables } from '../sqlite/database.ts';

/** The revision at each opening of the store. */
export async function up(db: Kysely<AnyTables>): Promise<void> {
  await db.schema
    .createTable('epochs')
    .addColumn('number', 'integer', (made) => made.primaryKey())
    .addColumn('epoch', 'text', (made) => made.notNull().unique())
    .addColumn('began_at', 'integer', (made) => made.notNull())
    .addColumn('time', 'text', (made) => made.notNull())
    .modifyEnd(sql`strict`)
    .execute();
}
