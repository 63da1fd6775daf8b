import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiResponseObject } from 'zod-openapi';
import { lastEventIdSchema, liveEventsSchema } from './events-description';
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
  vmDetailSchema,
  vmPageSchema,
  vmPathSchema,
  vmSchema,
} from './schemas';
import { editVmSchema, forceSchema, namespaceListSchema, nothingSchema } from './vm-schemas';

function answer(description: string, schema: z.ZodType): ZodOpenApiResponseObject {
  return { description, content: { 'application/json': { schema } } };
}

/** Answers for what may go wrong, one for each status. */
function problems(...types: ProblemType[]): Record<string, ZodOpenApiResponseObject> {
  const all: ProblemType[] = [...types, 'unknown-host', 'cross-origin', 'internal', 'unavailable'];
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

const ACTION_PROBLEMS = [
  'invalid-request',
  'malformed-json',
  'vm-not-found',
  'action-refused',
  'body-too-large',
  'unsupported-media-type',
  'cluster-refused',
] as const satisfies ProblemType[];

/** What the actions on one VM have in common. */
function action(body: z.ZodType) {
  return {
    description: 'Refused with the reason that `actions` shows, by the state of the VM at that moment.',
    requestParams: { path: vmPathSchema },
    requestBody: { content: { 'application/json': { schema: body } }, required: false },
    responses: {
      202: answer('Asked: the answer is the virtual machine as it stands', vmSchema),
      ...problems(...ACTION_PROBLEMS),
    },
  } satisfies ZodOpenApiOperationObject;
}

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
        200: answer('The virtual machine', vmDetailSchema),
        ...problems('invalid-request', 'vm-not-found', 'cluster-refused'),
      },
    },
    patch: {
      operationId: 'editVm',
      summary: 'Change its description, CPUs or memory',
      description: 'A locked source can be edited: clones in progress are of what it was.',
      requestParams: { path: vmPathSchema },
      requestBody: { content: { 'application/json': { schema: editVmSchema } }, required: true },
      responses: {
        200: answer('The virtual machine after it', vmDetailSchema),
        ...problems(...ACTION_PROBLEMS, 'vm-changed', 'vm-refused'),
      },
    },
    delete: {
      operationId: 'deleteVm',
      summary: 'Delete a virtual machine with what belongs to it',
      ...action(nothingSchema),
    },
  },
  '/api/v1/vms/{namespace}/{name}/start': {
    post: { operationId: 'startVm', summary: 'Start', ...action(nothingSchema) },
  },
  '/api/v1/vms/{namespace}/{name}/stop': {
    post: {
      operationId: 'stopVm',
      summary: 'Ask the guest to shut down, or force it',
      ...action(forceSchema),
    },
  },
  '/api/v1/vms/{namespace}/{name}/restart': {
    post: {
      operationId: 'restartVm',
      summary: 'Shut the guest down, or force it, and start anew',
      ...action(forceSchema),
    },
  },
  '/api/v1/vms/{namespace}/{name}/pause': {
    post: { operationId: 'pauseVm', summary: 'Halt the guest where it is', ...action(nothingSchema) },
  },
  '/api/v1/vms/{namespace}/{name}/unpause': {
    post: { operationId: 'unpauseVm', summary: 'Let a paused guest go on', ...action(nothingSchema) },
  },
  '/api/v1/namespaces': {
    get: {
      operationId: 'listNamespaces',
      summary: 'Namespaces into which a clone can be put',
      responses: { 200: answer('All of them', namespaceListSchema), ...problems('invalid-request') },
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
        ...problems(
          'invalid-request',
          'malformed-json',
          'clone-not-found',
          'clone-finished',
          'clone-past-cancel',
          'clone-undoing',
          'body-too-large',
          'unsupported-media-type',
        ),
      },
    },
  },
  '/api/v1/events': {
    get: {
      operationId: 'events',
      summary: 'What happens to virtual machines and clones, as it happens (Server-Sent Events)',
      description:
        'Listen first, then read the lists: nothing falls between the two. A comment comes every 15 seconds; without one the connection is dead. Come back with the last id.',
      requestParams: { header: z.object({ 'Last-Event-ID': lastEventIdSchema }) },
      responses: {
        200: {
          description: 'A stream that does not end by itself',
          content: { 'text/event-stream': { schema: liveEventsSchema } },
        },
        ...problems('invalid-request'),
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
