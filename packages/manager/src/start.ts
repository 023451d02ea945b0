import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { Listen } from '@openvnet/settings';
import { openStore, type StoreOptions } from '@openvnet/store';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { HttpLimits } from './api/bounds.ts';
import { endpointsOf } from './api/endpoints.ts';
import { createServer } from './api/server.ts';
import { serveBackup } from './backup.ts';
import type { Surroundings } from './behaviours/behaviour.ts';
import { behaviours } from './behaviours/index.ts';
import { allBehaviours, useBehaviours } from './behaviours/registry.ts';
import { Feed, type FeedLimits } from './feed/feed.ts';
import { complaint, exposure, ListenError, serveAlso } from './listening.ts';
import { Agents } from './status/agents.ts';
import type { ClaimLimits } from './status/claims.ts';
import { Registered } from './status/registered.ts';
import { Reports } from './status/reports.ts';
import { type StrangerLimits, Strangers } from './status/strangers.ts';

export interface ManagerOptions {
  /** Where to serve, the address that the manager names first; port 0 takes a free one. */
  readonly listen: Listen | readonly Listen[];
  /** The file of the store, or `memory`. */
  readonly store: string;
  readonly logger: FastifyBaseLogger;
  /** Whether an address other than loopback is served, although nothing protects it. */
  readonly insecure?: boolean;
  /** Names, besides localhost, under which the manager is reached. */
  readonly allowHost?: readonly string[];
  /** Origins whose web pages may use the API. */
  readonly corsOrigin?: readonly string[];
  readonly feed?: Partial<FeedLimits>;
  readonly claims?: Partial<ClaimLimits>;
  readonly strangers?: Partial<StrangerLimits>;
  readonly http?: Partial<HttpLimits>;
  /** Uuid of the MAC range group for relations of datapaths and for route links, if any. */
  readonly datapathMacGroup?: string | undefined;
  /** The store takes the place of any other whose flows agents hold; see `docs/backup.md`. */
  readonly newStore?: boolean;
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number;
}

export interface Manager extends AsyncDisposable {
  readonly url: string;
  /** The server, for requests without a connection. */
  readonly app: FastifyInstance;
  close(): Promise<void>;
}

/** Starts the manager: store, API, feed. Throws `StoreError` or `ListenError`. */
export async function startManager(options: ManagerOptions): Promise<Manager> {
  const { store: path, logger, feed: limits, datapathMacGroup, now = Date.now } = options;
  const { insecure = false, allowHost = [], corsOrigin = [] } = options;
  const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
  const [listen, ...further] = [options.listen].flat() as [Listen, ...Listen[]];
  const hosts = [listen, ...further].map(({ host }) => host.toLowerCase());
  const admission = { allowHost: [...hosts, ...allowHost], corsOrigin };
  const notes = (await Promise.all([listen, ...further].map((one) => exposure(one, insecure)))).flat();
  const ending = new AbortController();
  await using stack = new AsyncDisposableStack();

  useBehaviours(behaviours);
  const around: Surroundings = { now, datapathMacGroup, logger };
  const beforeCommit: StoreOptions['beforeCommit'] = async (tx, touched) => {
    for (const { follow } of allBehaviours()) await follow?.(tx, touched, around);
  };
  const listenerFailed = (error: unknown) =>
    logger.error({ err: error }, 'a change is stored, but not every listener was notified');
  const store = stack.use(await openStore(path, { beforeCommit, listenerFailed }));
  const agents = stack.use(new Agents(options.claims));
  const strangers = stack.use(new Strangers(agents, stack.use(await Registered.open(store)), options.strangers));
  const reports = stack.use(new Reports(store, agents, version));
  const app = await createServer({
    endpoints: endpointsOf({ store, around }, reports, agents),
    logger,
    version,
    admission,
    limits: options.http,
    ending: ending.signal,
  });
  serveBackup(app, store, path);
  stack.defer(() => app.close());
  const feed = stack.use(new Feed({ store, agents, strangers, logger, newStore: options.newStore ?? false }, limits));
  feed.attach(app.server, admission);
  stack.defer(() => ending.abort());
  for (const { background } of allBehaviours()) stack.use(background?.(store, around));

  await app.listen(listen).catch((cause: NodeJS.ErrnoException) => {
    throw new ListenError(complaint(listen, cause), { cause });
  });
  for (const one of further) stack.use(await serveAlso(app.server, one));
  // The framework listens to errors only until it serves; one later, such as too many open files, concerns one connection.
  app.server.on('error', (error) => logger.error({ err: error }, 'a connection could not be accepted'));
  const { port, address, family } = app.server.address() as AddressInfo;
  reports.url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  reports.notes = notes;
  for (const note of notes) logger.warn(note);
  logger.info({ url: reports.url, store: path, revision: store.revision, version }, 'serving');

  const parts = stack.move();
  const close = () => parts.disposeAsync();
  return { url: reports.url, app, close, [Symbol.asyncDispose]: close };
}
