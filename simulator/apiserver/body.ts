import type { IncomingMessage } from 'node:http';
import { badRequest, requestTooLarge, unsupportedMediaType } from './errors';
import { decodeProtobuf } from './protobuf';

/** The limit of kube-apiserver. */
const MOST_BYTES = 3 * 1024 * 1024;

/**
 * The body of a request as a JSON value, undefined when it is empty. Throws 413 above 3 MiB, 415 for another format
 * than JSON (a PATCH says by its type what kind of patch it is, and what it may not be), 400 for what is no JSON.
 */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MOST_BYTES) chunks.push(chunk);
  }
  if (size > MOST_BYTES) throw requestTooLarge(MOST_BYTES);
  if (size === 0) return undefined;
  return parse(request, Buffer.concat(chunks));
}

function parse({ method, headers }: IncomingMessage, body: Buffer): unknown {
  const type = (headers['content-type'] ?? 'application/json').split(';')[0]?.trim() ?? '';
  if (method === 'PATCH') {
    if (!type.endsWith('+json')) return undefined;
  } else if (type === 'application/vnd.kubernetes.protobuf') {
    const decoded = decodeProtobuf(body);
    if (decoded) return decoded;
    throw unsupportedMediaType(['application/json']);
  } else if (type !== 'application/json') {
    throw unsupportedMediaType(['application/json']);
  }
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: ${(error as Error).message}`);
  }
}
