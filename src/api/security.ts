import type { RequestHandler } from 'express';
import { type Config, isLoopback } from '../config';
import { Problem } from './problem';

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
 * Refuses what a page of another site makes a browser send. Without authentication the browser's place, this
 * machine, is all that protects us: a form can post across sites, and a name can be made to resolve to
 * 127.0.0.1 ("DNS rebinding").
 */
export function refuseForeignPages({
  host,
  allowUnauthenticated,
}: Pick<Config, 'host' | 'allowUnauthenticated'>): RequestHandler {
  const localOnly = isLoopback(host) && !allowUnauthenticated;
  return (request, _response, next) => {
    const { host: asked = '', origin } = request.headers;
    if (localOnly && !isLoopback(hostname(`http://${asked}`))) {
      throw new Problem('cross-origin', `This API serves this machine alone, not ${asked}.`);
    }
    if (
      origin !== undefined &&
      request.method !== 'GET' &&
      request.method !== 'HEAD' &&
      hostOf(origin) !== asked
    ) {
      throw new Problem('cross-origin', `A page of ${origin} may not do this here.`);
    }
    next();
  };
}

function hostname(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : '';
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : '';
}
