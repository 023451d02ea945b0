/** What the API answers when it refuses: name, code and status are those of the original. */
export const apiErrors = {
  unknownUuid: { name: 'UnknownUUIDResource', code: '100', status: 404, doc: 'No object has this uuid.' },
  invalidUuid: { name: 'InvalidUUID', code: '101', status: 400, doc: 'The text is not a uuid of this kind.' },
  duplicateUuid: { name: 'DuplicateUUID', code: '102', status: 400, doc: 'Another object already has this uuid.' },
  invalidId: {
    name: 'InvalidID',
    code: '103',
    status: 400,
    doc: 'Two parameters refer to objects that do not belong together.',
  },
  argument: { name: 'ArgumentError', code: '110', status: 400, doc: 'A value is not valid for its parameter.' },
  missingArgument: {
    name: 'MissingArgument',
    code: '111',
    status: 400,
    doc: 'A required parameter is missing; the message is its name.',
  },
  relationExists: {
    name: 'RelationAlreadyExists',
    code: '112',
    status: 400,
    doc: 'The two objects are already related.',
  },
  deleteRestriction: {
    name: 'DeleteRestrictionError',
    code: '113',
    status: 400,
    doc: 'Other objects refer to this one.',
  },
  unknownResource: { name: 'UnknownResource', code: '114', status: 404, doc: 'No object matches the parameters.' },
  forbidden: {
    name: 'Forbidden',
    code: '403',
    status: 403,
    doc: 'Requests with this Host, or from web pages of this Origin, are not accepted.',
  },
  tooLarge: { name: 'RequestTooLarge', code: '413', status: 413, doc: 'The body is larger than the API accepts.' },
  unavailable: {
    name: 'Unavailable',
    code: '503',
    status: 503,
    doc: 'A component that the answer needs is unavailable or busy; the message names it.',
  },
  internal: {
    name: 'InternalError',
    code: '500',
    status: 500,
    doc: 'An internal error of the manager; its log has the details.',
  },
} as const;

export type ApiErrorKind = keyof typeof apiErrors;

/** A message of the API for people: a hash of Ruby, as the original prints where a value is outside a list, in words. */
export function readable(message: string): string {
  return message.replace(
    /^\{:error=>"(.*)", :parameter=>:(\w+), :value=>(.*), :reason=>:in\}$/s,
    (_, error: string, parameter: string, value: string) => `${error}: ${parameter} ${value}`,
  );
}

export interface ApiErrorOptions extends ErrorOptions {
  /** What the original does not say: what is expected, and the command that helps. */
  readonly hint?: string | undefined;
}

/**
 * A refusal of the API. `message` is that of the original to the letter, as its clients compare it; where the original
 * had none, it names the parameter and its value.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly kind: ApiErrorKind;
  readonly hint: string | undefined;

  constructor(kind: ApiErrorKind, message: string, { hint, ...options }: ApiErrorOptions = {}) {
    super(message, options);
    this.kind = kind;
    this.hint = hint;
  }

  /** The body of the answer: as the original writes it, and the hint. */
  toJSON(): { error: string; message: string; code: string; hint?: string } {
    const { name, code } = apiErrors[this.kind];
    const answer = { error: `Vnet::Endpoints::Errors::${name}`, message: this.message, code };
    return this.hint === undefined ? answer : { ...answer, hint: this.hint };
  }
}
