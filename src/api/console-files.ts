import { join } from 'node:path';
import express, { type RequestHandler } from 'express';
import { Problem } from './problem';
import { POLICIES } from './security';

/** Where the build puts the console, as seen from `dist/src/api`; an API that runs from its sources has none. */
const BUILT = join(__dirname, '../../../dist/console');
/** One year: the longest time that caches heed. */
const FOREVER = 'public, max-age=31536000, immutable';
/** Kept, but asked for anew each time, by `ETag`: mostly the answer is 304. */
const ASK_ANEW = 'no-cache';

/**
 * Handlers of the console's pages and files. `folder` is what Vite has built: `index.html`, `assets/` with a hash of
 * the content in each name, and a few files beside them. It may come and go while the API runs.
 */
export function consoleRoutes(folder = BUILT) {
  const pages = filesOf(folder, { 'Cache-Control': ASK_ANEW, 'Content-Security-Policy': POLICIES.console });
  const hashed = filesOf(join(folder, 'assets'), { 'Cache-Control': FOREVER });
  const others = filesOf(folder, { 'Cache-Control': ASK_ANEW });

  /** The one page; which view it shows, the console reads from the address. */
  const page: RequestHandler = (request, response, next) => {
    at('/index.html', pages)(request, response, (error?: unknown) => next(error ?? notBuilt()));
  };

  /** Under `/assets`. A missing one is not answered with the page, which a browser would take for the script. */
  const asset: RequestHandler = (request, response, next) => {
    const within = request.path.slice('/assets'.length);
    at(within, hashed)(request, response, (error?: unknown) => next(error ?? 'route'));
  };

  /** Beside `index.html`, such as `theme.js` and `favicon.svg`. */
  const rootFile: RequestHandler = (request, response, next) => {
    const { file } = request.params as { file: string };
    // The page has its own paths, and what is escaped may name it too.
    if (file === 'index.html' || file.includes('/')) return next('route');
    others(request, response, (error?: unknown) => next(error ?? 'route'));
  };

  return { page, asset, rootFile };
}

/** Gives the next handler what is no file here, and paths that lead out of the folder. */
function filesOf(folder: string, headers: Record<string, string>): RequestHandler {
  return express.static(folder, {
    index: false,
    redirect: false,
    dotfiles: 'ignore',
    // Ranges count bytes of the file; what is sent may be its compressed form.
    acceptRanges: false,
    cacheControl: false,
    setHeaders: (response) => response.set(headers),
  });
}

/** Lets a handler see another path than the one that was asked for. */
function at(url: string, handler: RequestHandler): RequestHandler {
  return (request, response, next) => {
    const asked = request.url;
    request.url = url;
    handler(request, response, (error?: unknown) => {
      request.url = asked;
      next(error);
    });
  };
}

function notBuilt(): Problem {
  return new Problem(
    'no-such-route',
    'The console is not built: run `npm run build`, or set CONSOLE_DIR to the folder with its index.html. The API works without it: see /api/v1/docs.',
  );
}
