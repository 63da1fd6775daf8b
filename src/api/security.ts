import { isIPv6 } from 'node:net';
import type { Request, RequestHandler } from 'express';
import { type Config, isLoopback } from '../config';
import { invalidRequest, Problem } from './problem';

/** What a browser may load and do with an answer (CSP, level 3). */
export const POLICIES = {
  /** Nothing: answers are for programs. */
  answer: "default-src 'none'; frame-ancestors 'none'",
  /** The page of the API's description. Swagger UI sets styles inline. */
  docs: "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
  /** The console: its own files, this API, and icons that its style sheets hold. */
  console:
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
} as const;

/** Nothing that is served is to be framed, guessed at, kept, or to load anything; pages and files say what they may. */
export const securityHeaders: RequestHandler = (_request, response, next) => {
  response.set({
    'Content-Security-Policy': POLICIES.answer,
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
 * So the API answers to names that it knows alone, wherever it is bound: loopback's, `host` and `allowedHosts`.
 */
export function refuseForeignPages({
  host,
  allowedHosts,
}: Pick<Config, 'host' | 'allowedHosts'>): RequestHandler {
  const known = new Set([host, ...allowedHosts].map((name) => urlOf(hostInUrl(name))?.hostname));
  const isOurs = ({ hostname }: URL) => isLoopback(bare(hostname)) || known.has(hostname);
  return (request, _response, next) => {
    const { host: called, origin } = request.headers;
    const writes = request.method !== 'GET' && request.method !== 'HEAD';
    if (called === undefined) throw invalidRequest([{ field: 'Host', message: 'is required' }]);
    const here = urlOf(called);
    if (!here) throw invalidRequest([{ field: 'Host', message: 'must be a host name or address' }]);
    if (!isOurs(here)) throw unknownHost(bare(here.hostname));
    if (origin !== undefined) {
      const page = URL.canParse(origin) ? new URL(origin) : undefined;
      if (!page || !isOurs(page) || (writes && page.host !== here.host)) throw foreign(`of ${shown(origin)}`);
    }
    if (writes) refuseCrossSite(request);
    next();
  };
}

/** For what another site's page may not even ask for without reading the answer. */
export function refuseCrossSite({ headers }: Pick<Request, 'headers'>): void {
  if (headers['sec-fetch-site'] === 'cross-site') throw foreign('of another site');
}

function unknownHost(name: string): Problem {
  const host = shown(name);
  return new Problem(
    'unknown-host',
    `This API does not answer to ${host}: if it is to, start it with ALLOWED_HOSTS=${host} (several: separated by commas), or call it by localhost.`,
  );
}

function foreign(whose: string): Problem {
  return new Problem('cross-origin', `A page ${whose} may not do this here.`);
}

function shown(name: string): string {
  return name.slice(0, 253);
}

/** The URL of a Host header; undefined when it holds anything but a host and a port. */
function urlOf(host: string): URL | undefined {
  const url = /^[^\s/\\?#@]+$/.test(host) && `http://${host}`;
  return url && URL.canParse(url) ? new URL(url) : undefined;
}

function hostInUrl(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}

/** An IPv6 address stands in brackets in URLs alone. */
function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
