import type { Kysely } from 'kysely';
import type { AnyTables } from '../sqlite/database.ts';
import { column, columns, createIndex, createTable, createUnique } from './table.ts';

const { integer, refer, text } = column;

/** Ranges, lease policies and their containers, topologies. */
export async function up(db: Kysely<AnyTables>): Promise<void> {
  for (const [kind, address] of [
    ['mac', 'mac_address'],
    ['ip', 'ipv4_address'],
  ] as const) {
    await createTable(db, `${kind}_range_groups`, text('allocation_type'));
    const group = `${kind}_range_group_id`;
    await createTable(
      db,
      `${kind}_ranges`,
      columns(refer(group, `${kind}_range_groups`), integer(`begin_${address}`), integer(`end_${address}`)),
    );
    await createIndex(db, `${kind}_ranges`, group);
  }

  await createTable(db, 'ip_lease_containers', columns());
  await createTable(db, 'ip_retention_containers', columns(integer('lease_time?'), integer('grace_time?')));
  await createTable(db, 'lease_policies', columns(text('timing'), text('mode')));
  await createTable(db, 'topologies', text('mode'));

  await relate(db, 'ip_lease_container_ip_leases', ['ip_lease_container', 'ip_lease'], { once: true });
  await relate(db, 'ip_retentions', ['ip_lease', 'ip_retention_container'], {
    more: columns(integer('leased_at'), integer('released_at?')),
  });
  await relate(db, 'lease_policy_networks', ['lease_policy', 'network', 'ip_range_group']);
  await relate(db, 'lease_policy_interfaces', ['lease_policy', 'interface'], { more: text('label?') });
  for (const container of ['ip_lease_container', 'ip_retention_container']) {
    const more = container === 'ip_lease_container' ? text('label?') : columns();
    await relate(db, `lease_policy_${container}s`, ['lease_policy', container], { once: true, more });
  }

  for (const other of ['network', 'segment', 'route_link', 'mac_range_group']) {
    await relate(db, `topology_${other}s`, ['topology', other], { once: true });
  }
  await relate(db, 'topology_datapaths', ['topology', 'datapath', 'interface', 'ip_lease?'], { once: true });
  const layer = columns(refer('overlay_id', 'topologies'), refer('underlay_id', 'topologies'));
  await createTable(db, 'topology_layers', layer, { uuid: false });
  await createUnique(db, 'topology_layers', 'overlay_id', 'underlay_id');
  await createIndex(db, 'topology_layers', 'underlay_id');

  for (const table of ['datapath_networks', 'datapath_segments', 'datapath_route_links']) {
    for (const to of ['ip_lease', 'topology', 'topology_layer', 'topology_mac_range_group']) {
      await db.schema
        .alterTable(table)
        .addColumn(`${to}_id`, 'integer', (made) => made.references(`${plural(to)}.id`))
        .execute();
      await createIndex(db, table, `${to}_id?`);
    }
  }
}

/** A table of relations. With `once`, the pair of the first two columns is unique. */
async function relate(
  db: Kysely<AnyTables>,
  table: string,
  kinds: readonly string[],
  { once = false, more = columns() }: { once?: boolean; more?: ReturnType<typeof columns> } = {},
): Promise<void> {
  const bare = (kind: string): string => kind.replace('?', '');
  const names = kinds.map((kind) => `${bare(kind)}_id${kind.endsWith('?') ? '?' : ''}`);
  const references = kinds.map((kind, i) => refer(names[i]!, plural(bare(kind))));
  await createTable(db, table, columns(...references, more), { uuid: false });
  if (once) await createUnique(db, table, names[0]!, names[1]!);
  for (const name of names.slice(once ? 1 : 0)) await createIndex(db, table, name);
}

function plural(kind: string): string {
  return `${kind}s`.replace(/ys$/, 'ies');
}
