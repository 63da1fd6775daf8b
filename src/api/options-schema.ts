import { z } from 'zod';
import 'zod-openapi';
import { DESCRIPTION_ANNOTATION, MARKS } from '../contract';

const NAME = '[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';
const PREFIX = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*';
/** A qualified name: an optional DNS-1123 subdomain, a slash, and a name (Kubernetes API conventions). */
const KEY = new RegExp(`^(?:(?=[^/]{1,253}/)${PREFIX}/)?${NAME}$`);
const LABEL_VALUE = new RegExp(`^(?:${NAME})?$`);

const MOST_EDITS = 32;
const LONGEST_ANNOTATION = 4096;

/** Text to set, or null to leave out what the source has. */
function editsSchema(value: z.ZodString, isReserved: (key: string) => boolean, description: string) {
  const key = z
    .string()
    .regex(KEY, 'must be a qualified name: [prefix/]name, of letters, digits, "-", "_" and "."')
    .refine((name) => !isReserved(name), 'is reserved');
  return z
    .record(key, value.nullable())
    .refine((edits) => Object.keys(edits).length <= MOST_EDITS, `must have at most ${MOST_EDITS} entries`)
    .optional()
    .meta({ description });
}

const isOurs = (key: string) => key.startsWith(MARKS.prefix);
/** KubeVirt's webhook refuses these in a template (KubeVirt vmi-create-admitter.go, restrictedVmiLabels), or they name the VM. */
const RESTRICTED = [
  'created-by',
  'migrationJobUID',
  'nodeName',
  'migrationTargetNodeName',
  'schedulable',
  'install-strategy',
  'domain',
  'vm',
]
  .map((name) => `kubevirt.io/${name}`)
  .concat('vm.kubevirt.io/name');
const isReservedLabel = (key: string) => isOurs(key) || RESTRICTED.includes(key);
/** The description has a field of its own; a hook could run anything beside the guest, and mount its claims. */
const isReservedAnnotation = (key: string) =>
  isOurs(key) || key === DESCRIPTION_ANNOTATION || key.startsWith('hooks.kubevirt.io/');

const storageClass = z
  .string()
  .max(253)
  .regex(new RegExp(`^${PREFIX}$`), 'must be the name of a storage class (DNS-1123 subdomain)')
  .optional()
  .meta({ description: "Of all of the clone's disks. Default: that of each source disk" });

const persistentState = z.enum(['refuse', 'empty']).optional().meta({
  description:
    'What KubeVirt keeps for TPM and EFI can not be copied. "refuse" (default): no clone of a VM that has such state; "empty": the clone begins without',
});

const macAddresses = z.enum(['new', 'keep']).optional().meta({
  description: '"keep" only where clone and source never share a network. Default "new"',
});

/** How a clone is to be made; every field has a default. */
export const optionsSchema = z.strictObject({
  shutdownTimeoutSeconds: z.int().min(1).max(86_400).optional().meta({
    description: 'How long the guest may take to shut down. Default: its grace period + 60, at least 120',
  }),
  forceShutdown: z.boolean().optional().meta({
    description: 'Cut the power when the guest has not shut down in time, instead of failing',
  }),
  storageClass,
  persistentState,
  copySecrets: z.boolean().optional().meta({
    description:
      'Give a clone in another namespace copies of the Secrets and ConfigMaps that the VM names. Default: they must exist there',
  }),
  labels: editsSchema(
    z.string().regex(LABEL_VALUE, 'must be at most 63 letters, digits, "-", "_" and "."'),
    isReservedLabel,
    "Labels to set on the clone's VM and template; null leaves one of the source's out",
  ),
  annotations: editsSchema(
    z.string().max(LONGEST_ANNOTATION),
    isReservedAnnotation,
    "Annotations to set on the clone's VM and template; null leaves one of the source's out",
  ),
  macAddresses,
});

/** Those that change what stands against a clone, as a query has them. */
export const planOptionsQuery = {
  storageClass,
  persistentState,
  copySecrets: flag(),
  macAddresses,
};

/** True or false, as text. */
export function flag() {
  return z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional();
}
