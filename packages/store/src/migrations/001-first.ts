import { type Kysely, sql } from 'kysely';
import type { AnyTables } from '../sqlite/database.ts';
import { column, columns, createIndex, createTable, createUnique } from './table.ts';

const { boolean, integer, refer, text } = column;

export async function up(db: Kysely<AnyTables>): Promise<void> {
  await createBooks(db);

  await createTable(
    db,
    'datapaths',
    columns(text('display_name'), boolean('enable_ovs_learn_action'), text('node_id'), text('dpid')),
  );
  await createUnique(db, 'datapaths', 'dpid', 'node_id');

  await createTable(
    db,
    'networks',
    columns(text('display_name'), text('domain_name?'), text('mode?'), integer('ipv4_network'), integer('ipv4_prefix')),
  );

  await createTable(
    db,
    'interfaces',
    columns(
      boolean('enable_filtering'),
      text('display_name?'),
      boolean('enable_routing'),
      boolean('enable_route_translation'),
      text('mode'),
    ),
  );

  await createTable(
    db,
    'interface_ports',
    columns(
      refer('interface_id', 'interfaces'),
      refer('datapath_id?', 'datapaths'),
      text('port_name?'),
      boolean('singular?'),
      text('interface_mode?'),
    ),
    { uuid: false },
  );
  await createUnique(db, 'interface_ports', 'interface_id', 'datapath_id?');
  await createUnique(db, 'interface_ports', 'port_name', 'datapath_id?');
  await createIndex(db, 'interface_ports', 'datapath_id?');

  await createTable(db, 'mac_leases', columns(refer('interface_id', 'interfaces'), integer('mac_address')));
  await createUnique(db, 'mac_leases', 'mac_address');
  await createIndex(db, 'mac_leases', 'interface_id');

  await createTable(
    db,
    'ip_leases',
    columns(
      boolean('enable_routing'),
      refer('network_id', 'networks'),
      integer('ipv4_address'),
      refer('mac_lease_id?', 'mac_leases'),
      refer('interface_id?', 'interfaces'),
    ),
  );
  await createUnique(db, 'ip_leases', 'network_id', 'ipv4_address');
  await createIndex(db, 'ip_leases', 'mac_lease_id?');
  await createIndex(db, 'ip_leases', 'interface_id?');

  await createTable(
    db,
    'network_services',
    columns(
      text('display_name?'),
      refer('interface_id?', 'interfaces'),
      integer('incoming_port?'),
      integer('outgoing_port?'),
      text('mode'),
    ),
  );
  await createIndex(db, 'network_services', 'interface_id?');

  await createTable(db, 'route_links', columns(integer('mac_address?')));

  await createTable(
    db,
    'routes',
    columns(
      refer('interface_id', 'interfaces'),
      refer('network_id?', 'networks'),
      refer('route_link_id', 'route_links'),
      integer('ipv4_network'),
      integer('ipv4_prefix'),
      boolean('ingress'),
      boolean('egress'),
    ),
  );
  for (const name of ['interface_id', 'network_id?', 'route_link_id']) await createIndex(db, 'routes', name);

  for (const [table, other, others] of [
    ['datapath_networks', 'network_id', 'networks'],
    ['datapath_route_links', 'route_link_id', 'route_links'],
  ] as const) {
    await createTable(
      db,
      table,
      columns(
        refer('datapath_id', 'datapaths'),
        refer(other, others),
        refer('interface_id?', 'interfaces'),
        integer('mac_address?'),
      ),
      { uuid: false },
    );
    await createUnique(db, table, 'datapath_id', other);
    await createIndex(db, table, other);
    await createIndex(db, table, 'interface_id?');
  }
}

/** The identity of the store, and the last change of each object. */
async function createBooks(db: Kysely<AnyTables>): Promise<void> {
  await db.schema
    .createTable('store')
    .addColumn('id', 'text', (made) => made.primaryKey())
    .addColumn('revision', 'integer', (made) => made.notNull())
    .addColumn('oldest', 'integer', (made) => made.notNull())
    .modifyEnd(sql`strict`)
    .execute();
  await db.schema
    .createTable('object_revisions')
    .addColumn('kind', 'text', (made) => made.notNull())
    .addColumn('object_id', 'integer', (made) => made.notNull())
    .addColumn('removed', 'integer', (made) => made.notNull())
    .addColumn('revision', 'integer', (made) => made.notNull())
    .addPrimaryKeyConstraint('object_revisions_key', ['kind', 'object_id'])
    .modifyEnd(sql`strict`)
    .execute();
  await createIndex(db, 'object_revisions', 'revision');
  await createIndex(db, 'object_revisions', 'removed', 'revision');
}
