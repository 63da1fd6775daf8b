import type { RequestHandler } from 'express';
import { type Config, isLoopback } from '../config';
import { invalidRequest, Problem } from './problem';

/** Nothing that is served is to be framed, guessed at, kept, or to load anything. */
export const securityHeaders: RequestHandler = (_request, response, next) => {
  response.set({
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': 'no-store',
  });
  next();
};

/**
 * Refuses what a page of another site makes a browser send. Without authentication the browser's place is all that
 * protects us: a form can post across sites, and a name can be made to resolve to this machine ("DNS rebinding").
 * So the API answers to names that it knows alone, wherever it is bound.
 */
export function refuseForeignPages({
  host,
  allowedHosts,
}: Pick<Config, 'host' | 'allowedHosts'>): RequestHandler {
  const known = new Set([host.toLowerCase(), ...allowedHosts]);
  const isOurs = (url: string) => isLoopback(hostname(url)) || known.has(hostname(url));
  return (request, _response, next) => {
    const { host: asked, origin, 'sec-fetch-site': site } = request.headers;
    const writes = request.method !== 'GET' && request.method !== 'HEAD';
    if (asked === undefined) throw invalidRequest([{ field: 'Host', message: 'is required' }]);
    if (!isOurs(`http://${asked}`)) {
      throw new Problem('cross-origin', `This API is not called ${shown(asked)}: ALLOWED_HOSTS can name it.`);
    }
    if (origin !== undefined && (!isOurs(origin) || (writes && hostOf(origin) !== asked))) {
      throw new Problem('cross-origin', `A page of ${shown(origin)} may not do this here.`);
    }
    if (writes && site === 'cross-site') {
      throw new Problem('cross-origin', 'A page of another site may not do this here.');
    }
    next();
  };
}

function shown(name: string): string {
  return name.slice(0, 253);
}

function hostname(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : '';
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : '';
}
