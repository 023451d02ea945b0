import { columnOf, fieldsOf, type Kind, type RowOf, resourceOf } from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { mapInOrder } from '../in-order.ts';

/** Its uuid, or, where it has none, what it says: `port_name veth1`. */
export async function nameOf(reader: Reader, kind: Kind, row: RowOf<Kind>): Promise<string> {
  return row.uuid || (await valuesOf(reader, kind, row)).join(', ');
}

/** What an object says, for people: `port_name veth1`, `interface_uuid if-a`. */
export async function valuesOf(reader: Reader, kind: Kind, row: RowOf<Kind>): Promise<string[]> {
  const values = row as unknown as Readonly<Record<string, unknown>>;
  const said = await mapInOrder(fieldsOf(resourceOf(kind)), async ([name, field]) => {
    const value = values[columnOf(name, field)];
    if (value === null || value === undefined || value === '') return [];
    const shown = field.to ? (await reader.get(field.to as Kind, Number(value)))?.uuid : field.render(value);
    return [`${name} ${shown}`];
  });
  return said.flat();
}
