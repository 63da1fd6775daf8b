import type { ClaimSpec, DataVolume, PersistentVolumeClaim } from '../../../src/clone/resources';
import { bytesOf, requestOf } from '../objects';
import type { ClaimPropertySet } from './capabilities';
import { type Cdi, storageClassOf } from './cdi';

/** A DataVolume whose claim can't be made: nothing is tried again until something changes. */
export class ClaimNotValid extends Error {
  override readonly name = 'ClaimNotValid';
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
    fillModes(cdi, storageClass.metadata.name, spec);
  }
  if (!requestOf({ spec })) {
    const source = sourceClaimOf(cdi, dataVolume);
    const size = source?.status?.capacity?.storage ?? (source && requestOf(source));
    if (size)
      spec.resources = { ...spec.resources, requests: { ...spec.resources?.requests, storage: size } };
  }
  return spec;
}

/** Access modes and volume mode that were left out, as the profile has them for what was said. */
function fillModes(cdi: Cdi, storageClass: string, spec: ClaimSpec): void {
  const sets = (cdi.profiles.get(undefined, storageClass)?.status?.claimPropertySets ??
    []) as ClaimPropertySet[];
  const { accessModes = [], volumeMode } = spec;
  if (accessModes.length === 0) {
    const set = volumeMode ? sets.find((each) => each.volumeMode === volumeMode) : sets[0];
    if (!set) {
      const missing = volumeMode ? 'accessMode and' : 'accessMode and volumeMode,';
      throw new ClaimNotValid(
        `Spec is missing ${missing} cannot get access mode from StorageProfile ${storageClass}`,
      );
    }
    spec.accessModes = set.accessModes;
    spec.volumeMode = set.volumeMode;
  } else if (!volumeMode) {
    const fitting = sets.find((each) => each.accessModes.some((mode) => accessModes.includes(mode)));
    spec.volumeMode = fitting?.volumeMode ?? 'Filesystem';
  }
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
