import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { docsPath } from './format.ts';

/** The description of the API as a page that needs nothing from elsewhere. */
export async function serveDocs(app: FastifyInstance): Promise<void> {
  // The page fetches the description itself; what is given here only names it.
  const document = { openapi: '3.1.0', info: { title: 'OpenVNet', version: '1.0' }, paths: {} } as const;
  await app.register(swagger, { mode: 'static', specification: { document } });
  await app.register(swaggerUi, { routePrefix: docsPath, uiConfig: { url: '/api/1.0/openapi.json' } });
}
