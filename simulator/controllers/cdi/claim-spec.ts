import type { ClaimSpec, DataVolume, PersistentVolumeClaim } from '../../../src/clone/resources';
import { bytesOf, requestOf } from '../objects';
import { type Cdi, storageClassOf } from './cdi';

/** A DataVolume whose claim can't be made: nothing is tried again until something changes. */
export class ClaimNotValid extends Error {
  override readonly name = 'ClaimNotValid';
}

interface ClaimPropertySet {
  accessModes?: string[];
  volumeMode?: string;
}

/**
 * The spec of a DataVolume's claim: `spec.pvc` as it stands, or `spec.storage` completed from the storage class
 * and its profile, and for a clone without a size from the source (CDI pkg/controller/datavolume/util.go).
 */
export function renderClaimSpec(cdi: Cdi, dataVolume: DataVolume): ClaimSpec {
  if (dataVolume.spec.pvc) return structuredClone(dataVolume.spec.pvc);
  const spec = structuredClone(dataVolume.spec.storage ?? {});
  const storageClass = storageClassOf(cdi, spec.storageClassName);
  if (!storageClass) {
    if (!spec.accessModes?.length) {
      throw new ClaimNotValid('PVC spec is missing accessMode and no storageClass to choose profile');
    }
  } else {
    spec.storageClassName = storageClass.metadata.name;
    const defaults = claimDefaults(cdi, storageClass.metadata.name, spec);
    if (!spec.accessModes?.length) spec.accessModes = defaults.accessModes;
    spec.volumeMode ??= defaults.volumeMode;
  }
  if (!requestOf({ spec })) {
    const source = sourceClaimOf(cdi, dataVolume);
    const size = source?.status?.capacity?.storage ?? (source && requestOf(source));
    if (size)
      spec.resources = { ...spec.resources, requests: { ...spec.resources?.requests, storage: size } };
  }
  return spec;
}

function claimDefaults(cdi: Cdi, storageClass: string, spec: ClaimSpec): ClaimPropertySet {
  const profile = cdi.profiles.get(undefined, storageClass);
  const sets = (profile?.status?.claimPropertySets ?? []) as ClaimPropertySet[];
  const fitting = sets.find(
    (set) =>
      (!spec.volumeMode || set.volumeMode === spec.volumeMode) &&
      (!spec.accessModes?.length || spec.accessModes.every((mode) => set.accessModes?.includes(mode))),
  );
  return fitting ?? sets[0] ?? { accessModes: ['ReadWriteOnce'], volumeMode: 'Filesystem' };
}

export function sourceClaimOf(cdi: Cdi, dataVolume: DataVolume): PersistentVolumeClaim | undefined {
  const source = dataVolume.spec.source?.pvc;
  return source && cdi.claims.get(source.namespace, source.name);
}

/** The reason why the target can't hold the source, if it can't. */
export function sizeMismatch(source: PersistentVolumeClaim, target: ClaimSpec): string | undefined {
  const has = requestOf(source);
  const asked = requestOf({ spec: target });
  if (!has || !asked) return 'source/target missing storage resource requests';
  return bytesOf(has) > bytesOf(asked)
    ? `target resources requests storage size is smaller than the source ${bytesOf(asked)} < ${bytesOf(has)}`
    : undefined;
}
