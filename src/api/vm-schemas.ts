import { z } from 'zod';
import { parseBytes } from '../clone/quantity';
import type { NamespaceList } from './answers';

/** The most that an edit takes. KubeVirt names no bound; this is what the q35 machine of RHEL's QEMU takes. */
const MOST_CPUS = 710;
const MEMORY_RULE = 'must be a quantity from 1Mi to 64Ti, such as 4Gi or 1536Mi';
const LEAST_BYTES = 2 ** 20;
const MOST_BYTES = 64 * 2 ** 40;

/** Of requests that need no body, and of queries where there is nothing to ask. */
export const nothingSchema = z.strictObject({}).meta({ id: 'Nothing' });

export const forceSchema = z
  .strictObject({
    force: z
      .boolean()
      .default(false)
      .meta({ description: 'Cut the power instead of asking the guest: what it has not written is lost' }),
  })
  .meta({ id: 'Force', example: { force: false } });

export const editVmSchema = z
  .strictObject({
    version: z
      .string()
      .regex(/^[0-9a-f]{8}(-[0-9a-f]{8}){3}$/, 'must be the version that GET answered')
      .meta({ description: 'Of what was read: an edit of something else is refused' }),
    description: z.string().max(2000).optional().meta({ description: 'Empty: none' }),
    cpus: z
      .int()
      .min(1)
      .max(MOST_CPUS)
      .optional()
      .meta({ description: 'A multiple of `size.cpusPerSocket`' }),
    memory: z
      .string()
      .refine((text) => {
        const bytes = parseBytes(text) ?? 0;
        return bytes >= LEAST_BYTES && bytes <= MOST_BYTES;
      }, MEMORY_RULE)
      .optional()
      .meta({ description: 'A Kubernetes quantity', example: '4Gi' }),
  })
  .meta({ id: 'EditVirtualMachine', example: { version: '5d41402a-9f86d081-2c26b46b-44136fa3', cpus: 4 } });

export const namespaceListSchema: z.ZodType<NamespaceList> = z
  .object({ items: z.array(z.object({ name: z.string() })) })
  .meta({ id: 'NamespaceList' });
