import { randomUUID } from 'node:crypto';
import express, { type Express, type RequestHandler } from 'express';
import { pinoHttp } from 'pino-http';
import { CloneReader } from '../temporal';
import { cloneRoutes } from './clone-routes';
import { compressAnswers } from './compress';
import { consoleRoutes } from './console-files';
import type { ApiDeps } from './deps';
import { docsRoutes } from './docs-page';
import { methodNotAllowed, noSuchRoute, problemHandler } from './errors';
import { healthRoutes } from './health';
import { LiveCopies } from './live-copies';
import { liveFeed } from './live-feed';
import { measureRequests, metricsRoute } from './metrics';
import { namespacesRoute } from './namespaces';
import { openApiDocument } from './openapi';
import { RunningClones } from './running-clones';
import { refuseForeignPages, securityHeaders } from './security';
import { vmRoutes } from './vm-routes';
import { VmRows } from './vm-rows';

const BODY_LIMIT_BYTES = 64 * 1024;

/** The API as an express app; it listens nowhere yet. */
export function createApp(deps: ApiDeps): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple');
  app.use(requestLog(deps), measureRequests(deps.registry), securityHeaders, compressAnswers());

  // Probes and scrapers call by whatever address the network gives a pod, or by none; nothing here is private.
  const health = healthRoutes(deps);
  route(app, '/healthz', { get: health.healthy });
  route(app, '/readyz', { get: health.ready });
  route(app, '/metrics', { get: metricsRoute(deps.registry) });

  app.use(refuseForeignPages(deps.config), express.json({ limit: BODY_LIMIT_BYTES }));

  const running = new RunningClones(deps.temporal, deps.now);
  const views = {
    running,
    rows: new VmRows(deps.caches, running, deps.logger),
    clones: new CloneReader(deps.temporal),
    copies: new LiveCopies(deps.caches),
  };
  const feed = liveFeed({ ...deps, ...views });
  const vms = vmRoutes({ ...deps, ...views });
  const clones = cloneRoutes({ ...deps, ...views, feed });
  const docs = docsRoutes();
  const description = openApiDocument();

  route(app, '/api/v1/vms', { get: vms.list });
  route(app, '/api/v1/vms/:namespace/:name', { get: vms.get, patch: vms.edit, delete: vms.remove });
  route(app, '/api/v1/vms/:namespace/:name/clone-plan', { get: vms.plan });
  route(app, '/api/v1/vms/:namespace/:name/start', { post: vms.start });
  route(app, '/api/v1/vms/:namespace/:name/stop', { post: vms.stop });
  route(app, '/api/v1/vms/:namespace/:name/restart', { post: vms.restart });
  route(app, '/api/v1/vms/:namespace/:name/pause', { post: vms.pause });
  route(app, '/api/v1/vms/:namespace/:name/unpause', { post: vms.unpause });
  route(app, '/api/v1/namespaces', { get: namespacesRoute(deps) });
  route(app, '/api/v1/clones', { get: clones.list, post: clones.create });
  route(app, '/api/v1/clones/:namespace/:name', { get: clones.get });
  route(app, '/api/v1/clones/:namespace/:name/cancel', { post: clones.cancel });
  route(app, '/api/v1/events', { get: feed.stream });
  route(app, '/api/v1/openapi.json', { get: (_request, response) => void response.json(description) });
  route(app, '/api/v1/docs', { get: docs.page });
  route(app, '/api/v1/docs/:file', { get: docs.asset });

  const ui = consoleRoutes(deps.config.consoleDir);
  for (const path of ['/', '/vms', '/clones', '/clones/:namespace/:name']) route(app, path, { get: ui.page });
  route(app, '/assets/*file', { get: ui.asset });
  route(app, '/:file', { get: ui.rootFile });

  app.use(noSuchRoute, problemHandler);
  return app;
}

const METHODS = ['get', 'post', 'patch', 'delete'] as const;

function route(
  app: Express,
  path: string,
  handlers: Partial<Record<(typeof METHODS)[number], RequestHandler>>,
): void {
  const at = app.route(path);
  const allowed: string[] = [];
  for (const method of METHODS) {
    const handler = handlers[method];
    if (!handler) continue;
    at[method](handler);
    allowed.push(...(method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
  }
  at.all(methodNotAllowed(allowed));
}

/** Gives each request an id, its caller's own where it is harmless, and a logger that says it. */
function requestLog({ logger }: ApiDeps): RequestHandler {
  return pinoHttp({
    logger,
    genReqId: (request, response) => {
      const given = request.headers['x-request-id'];
      const id = typeof given === 'string' && /^[\w.:-]{1,100}$/.test(given) ? given : randomUUID();
      response.setHeader('X-Request-Id', id);
      return id;
    },
    // Failures are logged once, by the problem handler, with their cause.
    customLogLevel: () => 'debug',
    serializers: {
      req: ({ id, method, url }) => ({ id, method, url }),
      res: ({ statusCode }) => ({ statusCode }),
    },
  });
}
