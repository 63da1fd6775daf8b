import compression from 'compression';
import type { RequestHandler } from 'express';
import { isEventStream } from './events-stream';

/** Answers below so many bytes fit into one packet as they are. */
const LEAST_BYTES = 1_024;

/**
 * Compresses text of a kilobyte and more for those who take it. Events never: each has to leave at once, and
 * thousands of connections would each keep a compressor.
 */
export function compressAnswers(): RequestHandler {
  return compression({
    threshold: LEAST_BYTES,
    filter: (request, response) => !isEventStream(response) && compression.filter(request, response),
  });
}
