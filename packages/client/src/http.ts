import { ClientError } from './client-error.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
export type Values = Readonly<Record<string, unknown>>;

export interface Request {
  readonly query?: Values;
  readonly body?: Values;
  /** How long the API may take beyond the ordinary. */
  readonly extraSeconds?: number;
}

/** One API, spoken to over HTTP. Knows paths and errors, and nothing of resources. */
export class Http {
  /** As it was given, for people: `http://127.0.0.1:9090`. */
  readonly api: string;
  readonly #base: string;
  readonly #patienceSeconds: number;
  readonly #signal: AbortSignal | undefined;
  readonly #message: string | undefined;
  #revision = 0;

  constructor(options: {
    api: string;
    patienceSeconds: number;
    signal?: AbortSignal | undefined;
    message?: string | undefined;
  }) {
    const { api, patienceSeconds, signal, message } = options;
    this.api = api.replace(/\/+$/, '');
    this.#base = baseOf(this.api);
    this.#patienceSeconds = patienceSeconds;
    this.#signal = signal;
    this.#message = message;
  }

  /** The newest revision that a write of this client made; 0 before the first. */
  get revision(): number {
    return this.#revision;
  }

  /** Body of the answer. Throws `ClientError` if the API refuses or cannot be reached. */
  async request(
    method: Method,
    path: readonly string[],
    { query, body, extraSeconds = 0 }: Request = {},
  ): Promise<unknown> {
    const url = `${this.#base}/${path.map(encodeURIComponent).join('/')}${queryText(query)}`;
    const signals = [AbortSignal.timeout((this.#patienceSeconds + extraSeconds) * 1000)];
    if (this.#signal) signals.push(this.#signal);
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, {
        method,
        headers: {
          accept: 'application/json',
          ...(body && { 'content-type': 'application/json' }),
          ...(this.#message && { 'x-openvnet-message': encodeURIComponent(this.#message) }),
        },
        signal: AbortSignal.any(signals),
        ...(body && { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch (cause) {
      throw new ClientError(`cannot reach ${this.api}: ${reason(cause)} (is vnmgr or openvnet running?)`, null, {
        cause,
        unreachable: this.api,
      });
    }
    const answer = parse(text);
    if (response.ok && answer !== undefined) {
      this.#revision = Math.max(this.#revision, Number(response.headers.get('x-openvnet-revision') ?? 0));
      return answer;
    }
    throw refusal(this.api, response, answer);
  }
}

function baseOf(api: string): string {
  const written = /^[a-z]+:\/\//i.test(api) ? api : `http://${api}`;
  if (!URL.canParse(written)) {
    throw new ClientError(`${api} is no address of an API; expected something like http://127.0.0.1:9090`, null);
  }
  const { pathname } = new URL(written);
  return pathname === '/' ? `${written}/api/1.0` : written;
}

function queryText(query: Values = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  const text = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
  return text && `?${text}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusal(api: string, { status }: Response, answer: unknown): ClientError {
  const { error, message, code, hint } = (typeof answer === 'object' && answer !== null ? answer : {}) as Values;
  if (typeof error === 'string' && typeof message === 'string') {
    const shown = { error, ...(typeof hint === 'string' && { hint }) };
    return new ClientError(message, { status, code: String(code), body: answer, ...shown });
  }
  return new ClientError(`cannot use ${api}: what answers there (status ${status}) is not the API of OpenVNet`, null);
}

function reason(cause: unknown): string {
  const { name, message, cause: inner } = cause as Error & { cause?: { code?: string; message?: string } };
  if (name === 'TimeoutError') return 'no answer in time';
  if (name === 'AbortError') return 'given up';
  const known = reasons[inner?.code ?? ''];
  return known ?? (inner?.message || message);
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection lost',
  UND_ERR_SOCKET: 'connection lost',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'no answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'no answer in time',
};
