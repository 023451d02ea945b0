import { type Kysely, sql } from 'kysely';
import type { AnyTables } from '../sqlite/database.ts';
import { createIndex } from './table.ts';

/**
 * Every change with its author and the object before and after. It replaces the last revision of each object, which is all
 * that is known of earlier changes.
 */
export async function up(db: Kysely<AnyTables>): Promise<void> {
  await db.schema
    .createTable('commits')
    .addColumn('revision', 'integer', (made) => made.primaryKey())
    .addColumn('time', 'text', (made) => made.notNull())
    .addColumn('author', 'text', (made) => made.notNull())
    .addColumn('request', 'text')
    .addColumn('message', 'text')
    .modifyEnd(sql`strict`)
    .execute();
  await db.schema
    .createTable('changes')
    .addColumn('id', 'integer', (made) => made.primaryKey())
    .addColumn('revision', 'integer', (made) => made.notNull())
    .addColumn('kind', 'text', (made) => made.notNull())
    .addColumn('object_id', 'integer', (made) => made.notNull())
    .addColumn('removed', 'integer', (made) => made.notNull())
    .addColumn('before', 'text')
    .addColumn('after', 'text')
    .modifyEnd(sql`strict`)
    .execute();
  await db
    .insertInto('changes')
    .columns(['revision', 'kind', 'object_id', 'removed'])
    .expression((from) =>
      from
        .selectFrom('object_revisions')
        .select(['revision', 'kind', 'object_id', 'removed'])
        .orderBy('revision')
        .orderBy(sql`rowid`),
    )
    .execute();
  await createIndex(db, 'changes', 'revision');
  await createIndex(db, 'changes', 'kind', 'object_id', 'revision');
  await db.schema.dropTable('object_revisions').execute();
}
