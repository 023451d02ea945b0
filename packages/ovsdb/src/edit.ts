/**
 * Operations that change columns of one row, or of every row where `where` is empty. A value is the content of the column:
 * text, number, boolean, an array for a set, `undefined` for an empty optional. An object edits a map: its keys are set,
 * or deleted where they are `undefined`, and the other keys of the map stay. RFC 7047, 5.2.
 */
export function editOperations(
  table: string,
  where: readonly unknown[],
  columns: Readonly<Record<string, unknown>>,
): object[] {
  const edits = Object.entries(columns);
  const row = Object.fromEntries(
    edits.filter(([, value]) => !isMapEdit(value)).map(([name, value]) => [name, set(value)]),
  );
  const mutations = edits.flatMap(([name, value]) => (isMapEdit(value) ? mapMutations(name, value) : []));
  return [
    ...(Object.keys(row).length === 0 ? [] : [{ op: 'update', table, where, row }]),
    ...(mutations.length === 0 ? [] : [{ op: 'mutate', table, where, mutations }]),
  ];
}

/** Asks the switch daemon to confirm that it has applied the transaction. The last result is the number to wait for. */
export const nextCfgOperations: readonly object[] = [
  { op: 'mutate', table: 'Open_vSwitch', where: [], mutations: [['next_cfg', '+=', 1]] },
  { op: 'select', table: 'Open_vSwitch', where: [], columns: ['next_cfg'] },
];

type MapEdit = Readonly<Record<string, unknown>>;

function isMapEdit(value: unknown): value is MapEdit {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function set(value: unknown): unknown {
  if (value === undefined || value === null) return ['set', []];
  return Array.isArray(value) ? ['set', value] : value;
}

/** An insertion does not change an existing key, so every key is deleted first. */
function mapMutations(column: string, edit: MapEdit): unknown[] {
  const pairs = Object.entries(edit).filter(([, value]) => value !== undefined);
  return [
    [column, 'delete', ['set', Object.keys(edit)]],
    ...(pairs.length === 0 ? [] : [[column, 'insert', ['map', pairs]]]),
  ];
}
