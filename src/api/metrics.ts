import type { RequestHandler } from 'express';
import { Histogram, type Registry } from 'prom-client';
import { isEventStream } from './events-stream';

/** Handler of `/metrics`, in Prometheus' text format. */
export function metricsRoute(registry: Registry): RequestHandler {
  return async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  };
}

/** Times every request by route, method and status; but how long somebody listens says nothing of us. */
export function measureRequests(registry: Registry): RequestHandler {
  const duration = new Histogram({
    name: 'vm_clone_http_request_duration_seconds',
    help: 'Time from the request to the end of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  return (request, response, next) => {
    const end = duration.startTimer();
    response.on('finish', () => {
      if (isEventStream(response)) return;
      // The path's pattern, never the path: names would make as many series as there are VMs.
      const route = (request.route as { path?: string } | undefined)?.path ?? 'unmatched';
      end({ method: request.method, route, status: response.statusCode });
    });
    next();
  };
}
