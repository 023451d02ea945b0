import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { docsPath } from './format.ts';

/** The description of the API as a page that needs nothing from elsewhere. `describe` gives the description. */
export async function serveDocs(app: FastifyInstance, describe: () => object): Promise<void> {
  // Stands in until somebody asks: the description takes a while to make.
  const document = { openapi: '3.1.0', info: { title: 'OpenVNet', version: '1.0' }, paths: {} } as const;
  await app.register(swagger, { mode: 'static', specification: { document } });
  await app.register(swaggerUi, {
    routePrefix: docsPath,
    // The page takes what stands at its own address, and no other.
    transformSpecification: () => describe() as Readonly<Record<string, unknown>>,
    transformSpecificationClone: false,
  });
}
