import type { Condition, StorageClass, StorageProfile } from '../../../src/clone/resources';
import { isCode, Kinds } from '../../../src/kubernetes';
import { SimKinds } from '../kinds';
import { annotationOf, isDeleting, uidOf } from '../objects';
import { type ControllerDefinition, keyOf, update, watching } from '../runtime';
import { type ClaimPropertySet, capabilitiesOf } from './capabilities';
import type { Cdi } from './cdi';
import { snapshotClassOf } from './clone/snapshot-class';
import { APP, Label, RECOMMENDED_LABELS } from './names';

const CLONE_STRATEGY = 'cdi.kubevirt.io/clone-strategy';

/** What a person may lay down in a profile; CDI works out the rest. */
interface Wishes {
  cloneStrategy?: string;
  snapshotClass?: string;
  dataImportCronSourceFormat?: string;
  claimPropertySets?: Partial<ClaimPropertySet>[];
}

/** One StorageProfile for each StorageClass, while that lives (CDI pkg/controller/storageprofile-controller.go). */
export function storageProfileController(cdi: Cdi): ControllerDefinition {
  return {
    name: 'storageprofile',
    watches: [
      watching(Kinds.StorageClass),
      watching(Kinds.StorageProfile),
      watching(SimKinds.VolumeSnapshotClass, ({ driver }) =>
        cdi.classes.list().flatMap((each) => (each.provisioner === driver ? [keyOf(each)] : [])),
      ),
    ],
    async reconcile({ name }, signal) {
      const storageClass = cdi.classes.get(undefined, name);
      const profile = cdi.profiles.get(undefined, name);
      if (storageClass && !isDeleting(storageClass)) return sync(cdi, storageClass, profile, signal);
      if (!profile) return;
      // the cache lags: the class may be a new one whose profile came before it
      if (await cdi.client.get(Kinds.StorageClass, { name }, { signal })) return;
      await cdi.client.delete(Kinds.StorageProfile, { name }, { uid: uidOf(profile), signal });
    },
  };
}

async function sync(
  cdi: Cdi,
  storageClass: StorageClass,
  profile: StorageProfile | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (!profile) return create(cdi, storageClass.metadata.name, signal);
  const status = statusOf(cdi, storageClass, profile);
  const change = (copy: StorageProfile) => {
    copy.status = status;
  };
  await update(cdi.client, Kinds.StorageProfile, profile, change, { subresource: 'status', signal });
}

/** Its status comes with the change that this makes. */
async function create(cdi: Cdi, name: string, signal: AbortSignal): Promise<void> {
  const labels = { [Label.app]: APP, [Label.component]: '', ...RECOMMENDED_LABELS };
  try {
    await cdi.client.create(Kinds.StorageProfile, { metadata: { name, labels }, spec: {} }, { signal });
  } catch (error) {
    if (!isCode(error, 409)) throw error; // comes back with it
  }
}

function statusOf(cdi: Cdi, storageClass: StorageClass, { spec, status: old }: StorageProfile) {
  const wishes = (spec ?? {}) as Wishes;
  const { provisioner } = storageClass;
  const known = capabilitiesOf(provisioner);
  const snapshotClass = snapshotClassOf(cdi, provisioner, wishes.snapshotClass)?.name;
  const format = known?.dataImportCronSourceFormat ?? 'pvc';
  const claimPropertySets = wishes.claimPropertySets?.length
    ? wishes.claimPropertySets
    : known?.claimPropertySets;
  if (claimPropertySets?.some(({ accessModes, volumeMode }) => !accessModes?.length || !volumeMode)) {
    throw new Error('each ClaimPropertySet must provide both volume mode and access modes');
  }
  return {
    ...(claimPropertySets && { claimPropertySets }),
    cloneStrategy: strategyOf(storageClass, wishes.cloneStrategy, known?.cloneStrategy, snapshotClass),
    conditions: [recognized(Boolean(known), old?.conditions as Condition[] | undefined)],
    dataImportCronSourceFormat:
      wishes.dataImportCronSourceFormat ?? (format === 'snapshot' && !snapshotClass ? 'pvc' : format),
    provisioner,
    // a class that has gone stays in the profile
    ...((snapshotClass ?? old?.snapshotClass) && { snapshotClass: snapshotClass ?? old?.snapshotClass }),
    storageClass: storageClass.metadata.name,
  };
}

function strategyOf(
  storageClass: StorageClass,
  wished: string | undefined,
  advised: string | undefined,
  snapshotClass: string | undefined,
): string {
  const annotated = annotationOf(storageClass, CLONE_STRATEGY);
  if (wished !== undefined) return wished;
  if (annotated !== undefined) return annotated;
  const strategy = advised ?? 'snapshot';
  return strategy === 'snapshot' && !snapshotClass ? 'copy' : strategy;
}

function recognized(isKnown: boolean, old: Condition[] | undefined): Condition {
  const status = isKnown ? 'True' : 'False';
  const before = old?.find(({ type }) => type === 'Recognized');
  if (before?.status === status) return before;
  const now = new Date().toISOString();
  return {
    type: 'Recognized',
    status,
    reason: isKnown ? 'RecognizedProvisioner' : 'UnrecognizedProvisioner',
    message: isKnown ? 'Provisioner is recognized' : 'Provisioner is not recognized',
    lastTransitionTime: now,
    lastHeartbeatTime: now,
  } as Condition;
}
