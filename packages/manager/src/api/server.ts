/**
 * The HTTP side: reads what a request gives, calls the endpoint, and writes its answer or its refusal in the form that
 * was asked for. Knows no resource.
 */
import cors from '@fastify/cors';
import { ApiError, apiErrors } from '@openvnet/model';
import { StoreFault } from '@openvnet/store';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { type AdmissionRules, protectiveHeaders, refusalOfVisitor } from './admission.ts';
import { type Body, readBody, readQuery } from './body.ts';
import { boundRequests, type HttpLimits, serverOptions, usualLimits } from './bounds.ts';
import { browse, browseFormats } from './browse.ts';
import { serveDocs } from './docs.ts';
import type { Call, Endpoint, Given } from './endpoint.ts';
import { apiPath, formatOf, render, routeOf } from './format.ts';
import { Gate } from './gate.ts';
import { openapi } from './openapi.ts';
import { messageOf, requestNumber } from './request.ts';
import { refuseUnknown, warningAbout } from './unknown-parameters.ts';
import { welcome } from './welcome.ts';

const bodyLimit = 1 << 20;

export interface ServerOptions {
  readonly endpoints: readonly Endpoint[];
  readonly logger: FastifyBaseLogger;
  readonly version: string;
  readonly admission: AdmissionRules;
  readonly limits?: Partial<HttpLimits> | undefined;
  /** Aborted when the manager ends: those who wait are answered. */
  readonly ending: AbortSignal;
}

export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const { endpoints, logger, version, admission, ending } = options;
  // Of long lists and the like few are made at a time.
  const large = new Gate(2);
  const limits = { ...usualLimits, ...options.limits };
  let described: object | undefined;
  const app = Fastify({
    // Requests are not logged, and neither is what the program says itself.
    loggerInstance: logger.child({}, { level: quieter(logger.level) }),
    logController: new LogController({ disableRequestLogging: true }),
    ...serverOptions(limits),
    bodyLimit,
    forceCloseConnections: 'idle',
    rewriteUrl: (request) => routeOf(request.url ?? '/'),
    frameworkErrors: (error, request, reply) => void refuse(error, request, reply as FastifyReply),
    routerOptions: { maxParamLength: 1000 },
    genReqId: requestNumber,
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ ...protectiveHeaders, 'X-Request-Id': request.id });
    const refusal = refusalOfVisitor(request.raw, admission);
    if (refusal) throw refusal;
  });
  boundRequests(app, limits);
  // A form may come along with a GET too.
  app.addHttpMethod('GET', { hasBody: true, overrideExisting: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request: FastifyRequest, body: Buffer) =>
    readBody(request.headers['content-type'], body),
  );
  app.setErrorHandler((error: FastifyError, request, reply) => refuse(error, request, reply));
  app.setNotFoundHandler(notFound);

  const api: FastifyPluginAsync = async (scope) => {
    if (admission.corsOrigin.length > 0) {
      await scope.register(cors, {
        origin: [...admission.corsOrigin],
        methods: ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'],
        exposedHeaders: ['X-OpenVNet-Revision', 'X-Request-Id'],
        strictPreflight: false,
      });
    }
    for (const endpoint of endpoints) serve(scope, endpoint, { ending, large });
    scope.get('/openapi', (request, reply) => answer(request, reply, description()));
    scope.get('/browse', (request, reply) => showBrowse(endpoints, request, reply));
  };
  await app.register(api, { prefix: apiPath });
  app.get('/browse', (request, reply) => showBrowse(endpoints, request, reply));
  app.get('/', (_request, reply) => reply.type('text/html;charset=utf-8').send(welcome(version)));
  serveDocs(app, description, notFound);
  return app;

  /** Made when it is first asked for. */
  function description(): object {
    described ??= openapi(endpoints, version);
    return described;
  }
}

/** Most objects of a list that is made at once; longer ones take much memory until they are sent. */
const shortList = 100;

function serve(
  app: FastifyInstance,
  endpoint: Endpoint,
  { ending, large }: { ending: AbortSignal; large: Gate },
): void {
  app.route({
    method: endpoint.method,
    url: endpoint.path,
    ...(endpoint.bodyLimit !== undefined && { bodyLimit: endpoint.bodyLimit }),
    handler: async (request, reply) => {
      const path = request.params as Record<string, string>;
      if (Object.values(path).includes('')) return notFound(request, reply);
      const { query, body, given } = givenBy(request);
      if (body.isDocument) refuseUnknown(endpoint, body.values);
      const warning = warningAbout(endpoint, body.isDocument ? query : given);
      if (warning) reply.header('Warning', warning);
      const call: Call = {
        path,
        given,
        by: { author: request.ip, request: request.id, message: messageOf(request) },
        get signal() {
          const gone = new AbortController();
          reply.raw.once('close', () => gone.abort());
          return AbortSignal.any([gone.signal, ending]);
        },
        wrote: (revision) => reply.header('X-OpenVNet-Revision', revision),
      };
      const respond = async () => answer(request, reply, await endpoint.handle(call), plainKeysOf(endpoint));
      const isLarge = endpoint.large ?? (endpoint.answer.shape === 'list' && Number(given.limit ?? 0) > shortList);
      if (!isLarge) return respond();
      // A client that has gone while it waited wants nothing any more.
      return large.run(async () => (request.raw.socket.destroyed ? reply.hijack() : respond()));
    },
  });
}

/** In the original's YAML the page of a list of objects is told by plain keys, that of a list of relations by symbols. */
function plainKeysOf({ path, answer }: Endpoint): string[] {
  return answer.shape === 'list' && !path.includes(':') ? ['total_count', 'offset', 'limit'] : [];
}

function givenBy(request: FastifyRequest): { query: Given; body: Body; given: Given } {
  const query = readQuery(request.originalUrl);
  const body = (request.body as Body | undefined) ?? { values: {}, isDocument: false };
  return { query, body, given: { ...query, ...body.values } };
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  data: unknown,
  plainKeys: readonly string[] = [],
): Promise<FastifyReply> {
  const { type, text } = await render(formatOf(request.originalUrl), data, plainKeys);
  return reply.type(type).send(text);
}

function refuse(error: Error, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const refusal = refusalFor(error, request);
  return answer(request, reply.status(apiErrors[refusal.kind].status), refusal);
}

/** What is not the caller's fault is logged and not told. */
function refusalFor(error: Error & { statusCode?: number; code?: string }, request: FastifyRequest): ApiError {
  if (error instanceof ApiError) return error;
  if (error.statusCode === 413) {
    return new ApiError('tooLarge', `Could not take body: it has more than ${bodyLimit} bytes`, { cause: error });
  }
  if (error.statusCode !== undefined && error.statusCode < 500) {
    return new ApiError('argument', error.message, { cause: error });
  }
  request.log.error({ err: error, method: request.method, url: request.originalUrl }, 'request failed');
  if (error instanceof StoreFault) {
    return new ApiError('unavailable', `${error.message}; nothing was changed`, {
      cause: error,
      hint: `Use: ${error.use}`,
    });
  }
  return new ApiError('internal', `The manager failed; its log has the details under reqId ${request.id}`);
}

function quieter(level: string): string {
  return level === 'info' ? 'warn' : level;
}

function notFound(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.status(404).type('text/html;charset=utf-8').send('<h1>Not Found</h1>');
}

async function showBrowse(
  endpoints: readonly Endpoint[],
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { format = 'html' } = givenBy(request).given;
  const known = browseFormats.find((one) => one === format);
  if (!known) {
    throw new ApiError('argument', `Could not take value: ${String(format)}`, {
      hint: `format: expected one of ${browseFormats.join(', ')}`,
    });
  }
  const { type, text } = await browse(endpoints, known);
  return reply.type(type).send(text);
}
