import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { docsPath } from './format.ts';

/**
 * Serves the description of the API as a page that needs nothing from elsewhere. `describe` gives the description. What serves
 * the page takes some MB, so it is loaded for the first client that wants it.
 */
export function serveDocs(app: FastifyInstance, describe: () => object, notFound: NotFound): void {
  let loading: Promise<FastifyInstance> | undefined;
  const serve = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    // What could not be loaded once is tried again.
    loading ??= load(notFound).catch((error) => {
      loading = undefined;
      throw error;
    });
    const pages = await loading;
    for (const [name, value] of Object.entries(reply.getHeaders())) reply.raw.setHeader(name, value!);
    reply.hijack();
    pages.routing(request.raw, reply.raw);
  };
  app.get(docsPath, serve);
  // Sent by the server itself, which bounds what clients leave unread.
  app.get(`${docsPath}/json`, (_request, reply) => reply.send(describe()));
  app.get(`${docsPath}/*`, serve);
  app.addHook('onClose', async () => (await loading)?.close());
}

type NotFound = (request: FastifyRequest, reply: FastifyReply) => FastifyReply;

async function load(notFound: NotFound): Promise<FastifyInstance> {
  const [{ default: swagger }, { default: swaggerUi }] = await Promise.all([
    import('@fastify/swagger'),
    import('@fastify/swagger-ui'),
  ]);
  const pages = Fastify();
  pages.setNotFoundHandler(notFound);
  // Stands in: the page asks for the description itself.
  const document = { openapi: '3.1.0', info: { title: 'OpenVNet', version: '1.0' }, paths: {} } as const;
  await pages.register(swagger, { mode: 'static', specification: { document } });
  await pages.register(swaggerUi, { routePrefix: docsPath });
  await pages.ready();
  return pages;
}
