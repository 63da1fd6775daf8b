import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiResponseObject } from 'zod-openapi';
import { PROBLEMS, type ProblemType } from './problem';
import {
  cancelCloneSchema,
  clonePageSchema,
  clonePathSchema,
  clonePlanQuerySchema,
  clonePlanSchema,
  cloneQuerySchema,
  cloneSchema,
  createCloneSchema,
  idempotencyKeySchema,
  listClonesQuerySchema,
  listVmsQuerySchema,
  problemSchema,
  readinessSchema,
  vmPageSchema,
  vmPathSchema,
  vmSchema,
} from './schemas';

function answer(description: string, schema: z.ZodType): ZodOpenApiResponseObject {
  return { description, content: { 'application/json': { schema } } };
}

/** Answers for what may go wrong, one for each status. */
function problems(...types: ProblemType[]): Record<string, ZodOpenApiResponseObject> {
  const all: ProblemType[] = [...types, 'internal', 'unavailable'];
  const titles = new Map<number, string[]>();
  for (const type of all) {
    const { status, title } = PROBLEMS[type];
    titles.set(status, [...(titles.get(status) ?? []), `${title} (\`${type}\`)`]);
  }
  return Object.fromEntries(
    [...titles].map(([status, lines]) => [
      status,
      { description: lines.join('; '), content: { 'application/problem+json': { schema: problemSchema } } },
    ]),
  );
}

const accepted: ZodOpenApiResponseObject = {
  ...answer('Accepted: the answer is the clone as it stands', cloneSchema),
  headers: z.object({ Location: z.string().meta({ description: 'Where to follow the clone' }) }),
};

const operations = {
  '/api/v1/vms': {
    get: {
      operationId: 'listVms',
      summary: 'Virtual machines with status and actions',
      requestParams: { query: listVmsQuerySchema },
      responses: { 200: answer('One page', vmPageSchema), ...problems('invalid-request') },
    },
  },
  '/api/v1/vms/{namespace}/{name}': {
    get: {
      operationId: 'getVm',
      summary: 'One virtual machine',
      requestParams: { path: vmPathSchema },
      responses: {
        200: answer('The virtual machine', vmSchema),
        ...problems('invalid-request', 'vm-not-found'),
      },
    },
  },
  '/api/v1/vms/{namespace}/{name}/clone-plan': {
    get: {
      operationId: 'planClone',
      summary: 'What a clone would be, and what stands against it; changes nothing',
      requestParams: { path: vmPathSchema, query: clonePlanQuerySchema },
      responses: {
        200: answer('The plan', clonePlanSchema),
        ...problems('invalid-request', 'vm-not-found', 'cluster-refused'),
      },
    },
  },
  '/api/v1/clones': {
    get: {
      operationId: 'listClones',
      summary: 'Clones: those under way, then the closed ones, the latest first; may lag by a moment',
      requestParams: { query: listClonesQuerySchema },
      responses: { 200: answer('One page', clonePageSchema), ...problems('invalid-request') },
    },
    post: {
      operationId: 'createClone',
      summary: 'Clone a virtual machine',
      description:
        'A source that is on is shut down, copied and brought back as it was. Repeating the same request while its clone is under way answers that clone; with an Idempotency-Key also afterwards.',
      requestParams: { header: z.object({ 'Idempotency-Key': idempotencyKeySchema }) },
      requestBody: { content: { 'application/json': { schema: createCloneSchema } }, required: true },
      responses: {
        202: accepted,
        ...problems(
          'invalid-request',
          'malformed-json',
          'vm-not-found',
          'name-taken',
          'clone-under-way',
          'body-too-large',
          'unsupported-media-type',
          'clone-blocked',
          'idempotency-key-reused',
          'cluster-refused',
        ),
      },
    },
  },
  '/api/v1/clones/{namespace}/{name}': {
    get: {
      operationId: 'getClone',
      summary: 'One clone, by the name of the virtual machine that it makes',
      requestParams: { path: clonePathSchema, query: cloneQuerySchema },
      responses: { 200: answer('The clone', cloneSchema), ...problems('invalid-request', 'clone-not-found') },
    },
  },
  '/api/v1/clones/{namespace}/{name}/cancel': {
    post: {
      operationId: 'cancelClone',
      summary: 'Ask a clone to stop and undo what it did',
      description: 'Accepted means asked: the outcome says whether the cancel or the clone was first.',
      requestParams: { path: clonePathSchema },
      requestBody: { content: { 'application/json': { schema: cancelCloneSchema } }, required: false },
      responses: {
        202: accepted,
        ...problems('invalid-request', 'clone-not-found', 'clone-finished', 'clone-past-cancel'),
      },
    },
  },
  '/healthz': {
    get: {
      operationId: 'health',
      summary: 'Whether the process runs',
      responses: { 200: answer('It does', z.object({ status: z.literal('ok') })) },
    },
  },
  '/readyz': {
    get: {
      operationId: 'readiness',
      summary: 'Whether it can serve, and if not what is missing',
      responses: { 200: answer('It can', readinessSchema), 503: answer('It can not', readinessSchema) },
    },
  },
  '/metrics': {
    get: {
      operationId: 'metrics',
      summary: 'Metrics for Prometheus',
      responses: { 200: { description: 'Text format', content: { 'text/plain': { schema: z.string() } } } },
    },
  },
} satisfies Record<string, Record<string, ZodOpenApiOperationObject>>;

/** The API's description, made from the schemas that requests are checked with. */
export function openApiDocument() {
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'VM Clone',
      version: '1',
      description:
        'Clones KubeVirt virtual machines. Errors are RFC 9457 problem documents; unknown fields are refused.',
    },
    paths: operations,
  });
}
