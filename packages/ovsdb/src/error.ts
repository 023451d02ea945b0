/** Optional details of an `OvsdbError`. */
export interface OvsdbErrorFacts {
  /** Index of the operation that was refused. */
  operation?: number;
  /** The error as the server names it, such as `constraint violation`. */
  error?: string;
  details?: string;
}

/** The database server refused a request, did not answer, or sent an answer that cannot be read. */
export class OvsdbError extends Error {
  override readonly name = 'OvsdbError';
  readonly operation: number | undefined;
  readonly error: string | undefined;
  readonly details: string | undefined;

  constructor(message: string, { operation, error, details }: OvsdbErrorFacts = {}, options?: ErrorOptions) {
    super(message, options);
    this.operation = operation;
    this.error = error;
    this.details = details;
  }
}

/**
 * The results of the operations of a transaction. Throws `OvsdbError` if one was refused.
 * An answer with one result more than operations ends with the error of the commit. RFC 7047, 4.1.3.
 */
export function checkedResults(operations: readonly object[], answer: unknown): unknown[] {
  if (!Array.isArray(answer)) throw new OvsdbError('transact was answered without results');
  for (const [index, result] of answer.entries()) {
    if (!isRefusal(result)) continue;
    const operation = operations[index];
    throw operation === undefined ? refused('commit', result) : refused(describe(operation, index), result, index);
  }
  if (answer.length < operations.length) {
    throw new OvsdbError(`transact was answered with ${answer.length} results for ${operations.length} operations`);
  }
  return answer;
}

/** The error for the request `what`. `refusal` is the answer: an object with `error` and `details`, or any value. */
export function refused(what: string, refusal: unknown, operation?: number): OvsdbError {
  const { error, details } = isRefusal(refusal) ? refusal : { error: JSON.stringify(refusal), details: undefined };
  const message = `${what} refused: ${error}${details === undefined ? '' : ` (${details})`}`;
  return new OvsdbError(message, {
    ...(operation === undefined ? {} : { operation }),
    error,
    ...(details === undefined ? {} : { details }),
  });
}

function isRefusal(result: unknown): result is { error: string; details?: string } {
  return typeof result === 'object' && result !== null && 'error' in result && typeof result.error === 'string';
}

function describe(operation: object, index: number): string {
  const { op, table } = operation as { op?: unknown; table?: unknown };
  return `operation ${index} (${[op, table].filter((word) => word !== undefined).join(' ')})`;
}
