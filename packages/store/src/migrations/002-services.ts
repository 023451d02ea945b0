import type { Kysely } from 'kysely';
import type { AnyTables } from '../sqlite/database.ts';
import { column, columns, createIndex, createTable, createUnique } from './table.ts';

const { boolean, integer, refer, text } = column;
const withoutUuid = { uuid: false };

/** Segments, DNS, filters, translations, and memberships of interfaces. */
export async function up(db: Kysely<AnyTables>): Promise<void> {
  await createTable(db, 'segments', text('mode'));
  for (const table of ['networks', 'mac_leases']) {
    await db.schema
      .alterTable(table)
      .addColumn('segment_id', 'integer', (made) => made.references('segments.id'))
      .execute();
    await createIndex(db, table, 'segment_id?');
  }

  await createTable(
    db,
    'datapath_segments',
    columns(
      refer('datapath_id', 'datapaths'),
      refer('segment_id', 'segments'),
      refer('interface_id?', 'interfaces'),
      integer('mac_address?'),
    ),
    withoutUuid,
  );
  await createUnique(db, 'datapath_segments', 'datapath_id', 'segment_id');
  await createIndex(db, 'datapath_segments', 'segment_id');
  await createIndex(db, 'datapath_segments', 'interface_id?');

  for (const [other, others] of [
    ['network_id', 'networks'],
    ['segment_id', 'segments'],
    ['route_link_id', 'route_links'],
  ] as const) {
    const table = `interface_${others}`;
    const made = columns(refer('interface_id', 'interfaces'), refer(other, others), boolean('static'));
    await createTable(db, table, made, withoutUuid);
    await createUnique(db, table, 'interface_id', other);
    await createIndex(db, table, other);
  }

  await createTable(db, 'dns_services', columns(text('public_dns?'), refer('network_service_id', 'network_services')));
  await createIndex(db, 'dns_services', 'network_service_id');
  await createTable(
    db,
    'dns_records',
    columns(refer('dns_service_id', 'dns_services'), text('name'), integer('ipv4_address?'), integer('ttl?')),
  );
  await createIndex(db, 'dns_records', 'dns_service_id');

  await createTable(
    db,
    'filters',
    columns(
      boolean('egress_passthrough'),
      boolean('ingress_passthrough'),
      refer('interface_id', 'interfaces'),
      text('mode'),
    ),
  );
  await createIndex(db, 'filters', 'interface_id');
  await createTable(
    db,
    'filter_statics',
    columns(
      refer('filter_id', 'filters'),
      text('protocol'),
      integer('src_address'),
      integer('src_prefix'),
      integer('dst_address'),
      integer('dst_prefix'),
      integer('src_port?'),
      integer('dst_port?'),
      text('action'),
    ),
    withoutUuid,
  );
  await createIndex(db, 'filter_statics', 'filter_id');

  await createTable(
    db,
    'translations',
    columns(refer('interface_id', 'interfaces'), text('mode'), boolean('passthrough')),
  );
  await createIndex(db, 'translations', 'interface_id');
  await createTable(
    db,
    'translation_static_addresses',
    columns(
      refer('translation_id', 'translations'),
      integer('ingress_ipv4_address'),
      integer('egress_ipv4_address'),
      integer('ingress_port_number?'),
      integer('egress_port_number?'),
      refer('ingress_network_id?', 'networks'),
      refer('egress_network_id?', 'networks'),
      refer('route_link_id?', 'route_links'),
    ),
    withoutUuid,
  );
  const references = ['translation_id', 'ingress_network_id?', 'egress_network_id?', 'route_link_id?'];
  for (const name of references) await createIndex(db, 'translation_static_addresses', name);
}
