import type { Request } from 'express';
import type { z } from 'zod';
import { type FieldError, invalidRequest, Problem } from './problem';

/** The body, as its schema has it. Throws a problem that names each wrong field. */
export function parseBody<S extends z.ZodType>(schema: S, request: Request): z.output<S> {
  if (!request.is('application/json')) {
    throw new Problem('unsupported-media-type', 'Send the body with Content-Type: application/json.');
  }
  return parse(schema, request.body);
}

/** The body, or an empty one where none was sent. */
export function parseOptionalBody<S extends z.ZodType>(schema: S, request: Request): z.output<S> {
  return hasBody(request) ? parseBody(schema, request) : parse(schema, {});
}

function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** What the path names; a name that can't be one is asked of nobody. */
export function parsePath<S extends z.ZodType>(schema: S, request: Request): z.output<S> {
  return parse(schema, request.params);
}

export function parseQuery<S extends z.ZodType>(schema: S, request: Request): z.output<S> {
  return parse(schema, request.query);
}

export function parseHeader<S extends z.ZodType>(schema: S, request: Request, name: string): z.output<S> {
  const parsed = schema.safeParse(request.get(name));
  if (parsed.success) return parsed.data;
  throw invalidRequest([{ field: name, message: parsed.error.issues[0]?.message ?? 'is not valid' }]);
}

function parse<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value, { error: inPlainWords });
  if (parsed.success) return parsed.data;
  throw invalidRequest(parsed.error.issues.flatMap(fieldErrors));
}

type Issue = z.core.$ZodIssue;

function fieldErrors(issue: Issue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      field: pathOf([...issue.path, key]),
      message: 'is not a known field',
    }));
  }
  // What is wrong with a key is told inside.
  const { message } = (issue.code === 'invalid_key' && issue.issues[0]) || issue;
  return [{ field: pathOf(issue.path), message }];
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}

const TYPE_NAMES: Record<string, string> = {
  object: 'an object',
  record: 'an object',
  string: 'a string',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
};

/** Words for what the schemas leave to zod. */
function inPlainWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is required';
      return `must be ${TYPE_NAMES[issue.expected] ?? issue.expected}`;
    case 'too_big':
      return issue.origin === 'string'
        ? `must have at most ${issue.maximum} characters`
        : `must be at most ${issue.maximum}`;
    case 'too_small':
      return `must be at least ${issue.minimum}`;
    case 'invalid_value':
      return `must be one of ${issue.values.join(', ')}`;
    default:
      return undefined;
  }
}
