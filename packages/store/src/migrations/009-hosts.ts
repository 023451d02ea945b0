import type { Kysely } from 'kysely';
import type { AnyTables } from '../sqlite/database.ts';
import { column, columns, createIndex, createTable, createUnique } from './table.ts';

/** Where interfaces are, and how hosts reach each other. */
export async function up(db: Kysely<AnyTables>): Promise<void> {
  await db.schema.alterTable('datapaths').addColumn('ipv4_address', 'integer').execute();
  await db.schema.alterTable('datapaths').addColumn('encapsulation', 'text').execute();
  await db.schema.alterTable('datapaths').addColumn('tunnel_address', 'text').execute();
  await db.schema.alterTable('datapaths').addColumn('underlay_mtu', 'integer').execute();
  await createTable(
    db,
    'active_interfaces',
    columns(
      column.refer('interface_id', 'interfaces'),
      column.refer('datapath_id', 'datapaths'),
      column.text('port_name?'),
      column.integer('port_number?'),
      column.boolean('standby'),
    ),
    { uuid: false },
  );
  await createUnique(db, 'active_interfaces', 'interface_id', 'datapath_id');
  await createIndex(db, 'active_interfaces', 'datapath_id');
}
