import { z } from 'zod';
import { parseQuantity } from '../clone/quantity';
import type { NamespaceList } from './answers';

/** The most that an edit takes. KubeVirt names no bound; this is what the q35 machine of RHEL's QEMU takes. */
const MOST_CPUS = 710;
const MEMORY_RULE = 'must be a quantity from 1Mi to 64Ti in whole bytes, such as 4Gi or 1536Mi';
const LEAST_BYTES = 2 ** 20;
const MOST_BYTES = 64 * 2 ** 40;
const LONGEST_QUANTITY = 32;

/** Without a sign and in no parts of a byte: it is written as it came, and others read it too. */
function isMemory(text: string): boolean {
  const bytes = parseQuantity(text) ?? 0;
  const isPlain = !/^[+-]|[num]$/.test(text) && Number.isInteger(bytes);
  return isPlain && bytes >= LEAST_BYTES && bytes <= MOST_BYTES;
}

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
      .meta({ description: 'As the GET of this VM answers it: an edit of anything older is refused' }),
    description: z.string().max(2000).optional().meta({ description: 'Empty: none' }),
    cpus: z
      .int()
      .min(1)
      .max(MOST_CPUS)
      .optional()
      .meta({ description: 'A multiple of `size.cpusPerSocket`' }),
    memory: z
      .string()
      .max(LONGEST_QUANTITY, { abort: true })
      .refine(isMemory, MEMORY_RULE)
      .optional()
      .meta({ description: 'A Kubernetes quantity', example: '4Gi' }),
  })
  .meta({ id: 'EditVirtualMachine', example: { version: '5d41402a-9f86d081-2c26b46b-44136fa3', cpus: 4 } });

export const namespaceListSchema: z.ZodType<NamespaceList> = z
  .object({ items: z.array(z.object({ name: z.string() })) })
  .meta({ id: 'NamespaceList' });
