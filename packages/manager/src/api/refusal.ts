import { ApiError, columnOf, commandOn, type Field, fieldsOf, type Kind, resourceOf } from '@openvnet/model';
import { type Reader, UniqueError } from '@openvnet/store';
import { mapInOrder } from '../in-order.ts';
import { inWords } from './parameters.ts';

/** Runs `work`; what the store refuses because another object has it is refused in the words of the API. */
export async function refusing<T>(reader: Reader, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof UniqueError ? await refusalOf(reader, error) : error;
  }
}

/** Names the values as the API shows them, and who has them. */
async function refusalOf(reader: Reader, error: UniqueError): Promise<ApiError> {
  const { kind, columns, values, holder } = error;
  const declared = resourceOf(kind);
  const rule = declared.unique?.find((one) => one.columns === columns);
  const fields = new Map(fieldsOf(declared).map(([name, field]) => [columnOf(name, field), { name, field }]));
  const shown = await mapInOrder(columns, async (column, i) => {
    const { name, field } = fields.get(column) ?? { name: column, field: undefined };
    return { name, text: await textOf(reader, field, values[i]) };
  });
  if (rule?.error === 'relationExists') {
    return new ApiError('relationExists', shown.map(({ text }) => text).join(' <=> '), { cause: error });
  }
  const taken = shown.map(({ name, text }) => `${name} ${text}`).join(' with ');
  const others = await mapInOrder(
    [...fields].filter(([column, { field }]) => field.to && !columns.includes(column) && holder[column] !== null),
    async ([column, { field }]) => ({ kind: field.to as Kind, uuid: await textOf(reader, field, holder[column]) }),
  );
  const of = others.length > 0 ? ` (${others.map(({ uuid }) => uuid).join(', ')})` : '';
  const owner = `${inWords(kind)}${holder.uuid ? ` ${holder.uuid}` : ''}${of}`;
  const { kind: shows, uuid } = others.at(-1) ?? { kind, uuid: holder.uuid };
  const hint = uuid && { hint: `Use: ${commandOn(shows, 'show', String(uuid))}` };
  return new ApiError('argument', `${taken} is already used by ${owner}`, { cause: error, ...hint });
}

async function textOf(reader: Reader, field: Field | undefined, value: unknown): Promise<string> {
  if (value === null || value === undefined) return 'none';
  if (!field) return String(value);
  if (field.to) return (await reader.get(field.to as Kind, value as number))?.uuid ?? String(value);
  return String(field.render(value));
}
