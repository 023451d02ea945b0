import { readable } from '@openvnet/model';

/** Something that the API refused, or that could not be asked of it. The message is one sentence. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  /** The address of the API where nobody answers; null if somebody does. */
  readonly unreachable: string | null;
  /** HTTP status; null if there was no answer of the API at all. */
  readonly status: number | null;
  /** The API's own code, as text: `"100"` for an unknown uuid. */
  readonly code: string | null;
  /** The API's own name of the error, without the modules around it: `UnknownUUIDResource`. */
  readonly error: string | null;
  /** What is expected, and the command that helps, where the API says so. */
  readonly hint: string | null;
  /** The refusal as the API wrote it. */
  readonly body: unknown;

  constructor(
    message: string,
    answer: { status: number; code: string; error: string; hint?: string; body: unknown } | null,
    { unreachable = null, ...options }: ErrorOptions & { readonly unreachable?: string | null } = {},
  ) {
    super(message, options);
    this.unreachable = unreachable;
    this.status = answer?.status ?? null;
    this.code = answer?.code ?? null;
    this.hint = answer?.hint ?? null;
    this.body = answer?.body ?? null;
    this.error = answer?.error.split('::').at(-1) ?? null;
  }

  /** Message and hint in one line. */
  get inFull(): string {
    return this.hint === null ? readable(this.message) : `${readable(this.message)} (${this.hint})`;
  }
}
