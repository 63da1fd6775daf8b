import { z } from 'zod';
import 'zod-openapi';
import { ACTIONS } from '../clone/actions';
import { FILTER_GROUPS, type VmRow } from '../clone/status';
import { FAILURES, PHASES } from '../contract';
import type { CloneAnswer, VmDetail } from './answers';
import { flag, optionsSchema, planOptionsQuery } from './options-schema';

const LABEL_RULE =
  'must be 1 to 63 lower-case letters, digits or "-", with a letter or digit at both ends (DNS-1123 label)';
const SUBDOMAIN_RULE =
  'must be 1 to 253 lower-case letters, digits, "-" or ".", with a letter or digit at both ends (DNS-1123 subdomain)';

/** A namespace, and the name of a VM that is made here: KubeVirt makes labels and the host name from it. */
export const labelSchema = z.string().regex(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/, LABEL_RULE);
/** The name of a VM that exists: KubeVirt lets it have dots, and be long. */
export const subdomainSchema = z
  .string()
  .max(253, SUBDOMAIN_RULE)
  .regex(/^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/, SUBDOMAIN_RULE);

export const vmPathSchema = z.object({ namespace: labelSchema, name: subdomainSchema });
export const clonePathSchema = z.object({ namespace: labelSchema, name: labelSchema });

export const createCloneSchema = z
  .strictObject({
    source: z.strictObject({ namespace: labelSchema, name: subdomainSchema }),
    target: z.strictObject({
      namespace: labelSchema.optional().meta({ description: "Default: the source's" }),
      name: labelSchema,
    }),
    description: z.string().max(2000).optional().meta({ description: "Becomes the clone's description" }),
    startAfterClone: z.boolean().default(true).meta({ description: 'Start the clone once it is whole' }),
    options: optionsSchema.default({}),
  })
  .meta({
    id: 'CreateClone',
    example: { source: { namespace: 'demo', name: 'web' }, target: { name: 'web-clone' } },
  });

/** The client's own name for one request, by which a repetition is known. */
export const idempotencyKeySchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
  .optional();

export const cancelCloneSchema = z
  .strictObject({ reason: z.string().max(500).optional() })
  .meta({ id: 'CancelClone', example: { reason: 'wrong source' } });

/** Numbers and lists in a query are text. */
function whole(least: number, most: number) {
  const error = `must be a whole number from ${least} to ${most}`;
  return z.coerce.number({ error }).int(error).min(least, error).max(most, error);
}

function listOf<const T extends readonly string[]>(values: T) {
  const rule = `one or more of ${values.join(', ')}, separated by commas`;
  return z
    .string({ error: `must be ${rule}` })
    .transform((text) => text.split(',') as T[number][])
    .refine((list) => list.every((each) => values.includes(each)), `must be ${rule}`)
    .meta({ override: { type: 'string' }, description: `${rule[0]?.toUpperCase()}${rule.slice(1)}` });
}

export const cloneQuerySchema = z.strictObject({
  runId: z
    .uuid('must be the runId of a clone')
    .optional()
    .meta({ description: 'An older run to this name; default: the latest' }),
});

export const listClonesQuerySchema = z.strictObject({
  namespace: labelSchema.optional().meta({ description: 'Of the clone' }),
  source: z
    .string()
    .regex(/^[a-z0-9-]+\/[a-z0-9.-]+$/, 'must be <namespace>/<name>')
    .transform((id) => {
      const [namespace = '', name = ''] = id.split('/');
      return { namespace, name };
    })
    .optional()
    .meta({ override: { type: 'string' }, description: '`<namespace>/<name>` of the VM that is cloned' }),
  phase: z.enum(PHASES).optional(),
  open: flag().meta({ description: 'Only those that are under way, or only those that are not' }),
  limit: whole(1, 200).default(50),
  pageToken: z.string().max(4096).optional().meta({ description: '`nextPageToken` of the page before' }),
});

export const SORT_KEYS = ['name', 'namespace', 'status', 'createdAt', 'node', 'ip'] as const;
const sorts = SORT_KEYS.flatMap((key) => [key, `-${key}`] as const);

export const listVmsQuerySchema = z.strictObject({
  status: listOf(FILTER_GROUPS).optional(),
  namespace: labelSchema.optional(),
  name: z.string().max(253).optional().meta({ description: 'Part of the name' }),
  ip: z.string().max(45).optional().meta({ description: 'Part of the IP address' }),
  sort: z
    .enum(sorts as [(typeof sorts)[number], ...(typeof sorts)[number][]])
    .default('name')
    .meta({ description: 'With a "-" in front: from the last to the first' }),
  page: whole(1, 1_000_000).default(1),
  limit: whole(1, 500).default(50),
});

export const clonePlanQuerySchema = z.strictObject({
  name: z.string().max(253).optional().meta({ description: 'Of the clone; default: the next free one' }),
  namespace: labelSchema.optional().meta({ description: "Of the clone; default: the source's" }),
  startAfterClone: flag(),
  ...planOptionsQuery,
});

const vmRefSchema = z.object({ namespace: z.string(), name: z.string() });
const remarkSchema = z.object({ type: z.string(), message: z.string() });
const percentSchema = z.number().min(0).max(100).nullable().meta({ description: 'null while nobody knows' });
const timeSchema = z.string().meta({ format: 'date-time' });

const actionSchema = z.object({ enabled: z.boolean(), reason: z.string().optional() });

const cloneShape = z.object({
  id: z.string().meta({ description: '`<namespace>/<name>` of the clone', example: 'demo/web-clone' }),
  workflowId: z.string(),
  runId: z.string(),
  cloneUid: z.string().optional(),
  phase: z.enum(PHASES),
  percent: percentSchema,
  disks: z.array(
    z.object({ name: z.string(), bytes: z.number(), phase: z.string(), percent: percentSchema }),
  ),
  source: vmRefSchema,
  target: vmRefSchema,
  description: z.string().optional(),
  startAfterClone: z.boolean(),
  requestedBy: z.string(),
  startedAt: timeSchema,
  endedAt: timeSchema.optional(),
  outcome: z.enum(['Completed', 'Cancelled', 'Failed']).optional(),
  failure: z.object({ type: z.enum(FAILURES), message: z.string() }).optional(),
  warnings: z.array(remarkSchema),
  cancelRequested: z.object({ requestedBy: z.string(), reason: z.string().optional() }).optional(),
  stalled: z
    .object({ since: timeSchema, diagnosis: z.string() })
    .optional()
    .meta({ description: 'While no disk has moved for five minutes or longer' }),
  retrying: z.object({ step: z.string(), attempt: z.number(), message: z.string() }).optional(),
  timings: z
    .object({
      startedAt: timeSchema,
      sourceStoppedAt: timeSchema
        .optional()
        .meta({ description: 'When the source was asked to stop: from then on its downtime counts' }),
      copyStartedAt: timeSchema.optional(),
      copiedAt: timeSchema.optional(),
      sourceRunningAt: timeSchema.optional(),
      endedAt: timeSchema.optional(),
    })
    .optional(),
  sourceDowntimeSeconds: z
    .number()
    .optional()
    .meta({ description: 'From `sourceStoppedAt` to `sourceRunningAt`' }),
  actions: z.object({ cancelCloning: actionSchema }),
  links: z.object({ self: z.string(), temporalUi: z.string() }),
});
export const cloneSchema: z.ZodType<CloneAnswer> = cloneShape.meta({ id: 'Clone' });

export const clonePageSchema = z
  .object({ items: z.array(cloneSchema), nextPageToken: z.string().optional() })
  .meta({ id: 'ClonePage' });

const rowShape = z.object({
  namespace: z.string(),
  name: z.string(),
  status: z.string().meta({ example: 'Running' }),
  statusDetail: z.string().optional(),
  filterGroup: z.enum(FILTER_GROUPS),
  percent: percentSchema,
  ip: z.string().nullable(),
  node: z.string().nullable(),
  createdAt: timeSchema.nullable(),
  locked: z.boolean(),
  lockedBy: z.array(z.string()).optional(),
  cloneId: z.string().optional(),
  actions: z.record(z.enum(ACTIONS), actionSchema),
});
export const vmSchema: z.ZodType<VmRow> = rowShape.meta({ id: 'VirtualMachine' });

export const vmDetailSchema: z.ZodType<VmDetail> = rowShape
  .extend({
    description: z.string(),
    size: z.object({
      cpus: z.number(),
      cpusPerSocket: z.number().meta({ description: '`cpus` is a multiple of it' }),
      memory: z.string().nullable().meta({ example: '4Gi' }),
      instancetype: z.string().optional().meta({ description: 'It decides on both: they can not be edited' }),
    }),
    version: z.string().meta({ description: 'Of what can be edited; hand it in with an edit' }),
  })
  .meta({ id: 'VirtualMachineDetail' });

export const vmPageSchema = z
  .object({
    items: z.array(vmSchema),
    total: z.number().meta({ description: 'Of all pages' }),
    all: z.number().meta({ description: 'Of all VMs, whatever the filters' }),
    counts: z
      .record(z.enum(FILTER_GROUPS), z.number())
      .meta({ description: 'By status, whatever the status filter' }),
    page: z.number(),
    limit: z.number(),
  })
  .meta({ id: 'VirtualMachinePage' });

export const clonePlanSchema = z
  .object({
    defaults: z.object({ name: z.string(), namespace: z.string(), startAfterClone: z.boolean() }),
    target: vmRefSchema,
    sourceOn: z.boolean().meta({ description: 'It is shut down for the copy and brought back' }),
    configuration: z.object({
      os: z.string().nullable(),
      flavor: z.string(),
      workload: z.string().nullable(),
      nics: z.array(z.string()),
      disks: z.array(z.string()),
    }),
    disks: z.array(
      z.object({
        name: z.string(),
        kind: z.string(),
        bytes: z.number(),
        method: z.enum(['csi-clone', 'snapshot', 'copy']),
        storageClass: z.string(),
        dataVolume: z.string(),
      }),
    ),
    blockers: z.array(remarkSchema),
    warnings: z.array(remarkSchema),
    changes: z
      .array(z.object({ field: z.string(), change: z.enum(['added', 'changed', 'removed']) }))
      .meta({ description: 'Fields in which the clone differs from its source' }),
    copies: z
      .array(z.object({ kind: z.string(), from: z.string() }))
      .meta({ description: 'What the clone gets copies of, beside its disks' }),
    expectedDowntime: z.object({ seconds: z.number().nullable(), text: z.string() }),
  })
  .meta({ id: 'ClonePlan' });

export const problemSchema = z
  .object({
    type: z.string().meta({ example: 'urn:vm-clone:problem:name-taken' }),
    title: z.string(),
    status: z.number(),
    detail: z.string(),
    requestId: z.string(),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
    blockers: z.array(remarkSchema).optional(),
    links: z.object({ self: z.string(), temporalUi: z.string() }).optional(),
    current: vmDetailSchema.optional().meta({ description: 'Of an edit that came too late' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' });

export const readinessSchema = z
  .object({ ready: z.boolean(), missing: z.array(z.object({ what: z.string(), detail: z.string() })) })
  .meta({ id: 'Readiness' });
