import type { PersistentVolumeClaim } from '../../../../src/clone/resources';
import { annotationOf } from '../../objects';
import { type Cdi, storageClassOf } from '../cdi';

const DEFAULT = 'snapshot.storage.kubernetes.io/is-default-class';

/** A VolumeSnapshotClass, and why this one. */
export interface ChosenSnapshotClass {
  name: string;
  why: string;
}

/**
 * The driver that all these claims' volumes have in common: of their volume, or of their class while they have none
 * (CDI pkg/controller/clone/common.go, GetCommonDriver).
 */
export function commonDriver(cdi: Cdi, ...claims: PersistentVolumeClaim[]): string | undefined {
  const [first, ...others] = claims.map((claim) => driverOf(cdi, claim));
  return others.every((driver) => driver === first) ? first : undefined;
}

function driverOf(cdi: Cdi, claim: PersistentVolumeClaim): string | undefined {
  const { claimRef, csi } = cdi.volumes.get(undefined, claim.spec.volumeName ?? '')?.spec ?? {};
  if (claimRef) {
    const { namespace, name } = claim.metadata;
    if (claimRef.namespace !== namespace || claimRef.name !== name) {
      throw new Error('pvc does not match volume claim ref');
    }
    if (csi) return csi.driver;
  }
  return cdi.classes.get(undefined, claim.spec.storageClassName ?? '')?.provisioner;
}

/**
 * The snapshot class that serves all these claims: that of their profiles, else one of their driver
 * (CDI pkg/controller/clone/common.go, GetCompatibleVolumeSnapshotClass). Undefined when there is none.
 */
export function snapshotClassFor(
  cdi: Cdi,
  ...claims: PersistentVolumeClaim[]
): ChosenSnapshotClass | undefined {
  const driver = commonDriver(cdi, ...claims);
  if (driver === undefined) return undefined;
  const [first, ...others] = claims.map((claim) => {
    const storageClass = storageClassOf(cdi, claim.spec.storageClassName)?.metadata.name;
    return storageClass && (cdi.profiles.get(undefined, storageClass)?.status?.snapshotClass as string);
  });
  return snapshotClassOf(cdi, driver, others.every((name) => name === first) ? first : undefined);
}

/** The snapshot class of a driver: the named one, the default one, or the first by name (GetVolumeSnapshotClass). */
export function snapshotClassOf(
  cdi: Pick<Cdi, 'snapshotClasses'>,
  driver: string,
  named?: string,
): ChosenSnapshotClass | undefined {
  if (named) {
    const found = cdi.snapshotClasses.get(undefined, named);
    if (!found) throw new Error(`volumesnapshotclasses.snapshot.storage.k8s.io "${named}" not found`);
    if (found.driver !== driver) return undefined;
    return { name: named, why: 'VolumeSnapshotClass selected according to StorageProfile' };
  }
  const fitting = cdi.snapshotClasses.list().filter((each) => each.driver === driver);
  const standard = fitting.find((each) => annotationOf(each, DEFAULT) === 'true');
  if (standard) return { name: standard.metadata.name, why: 'Default VolumeSnapshotClass selected' };
  const [name] = fitting.map(({ metadata }) => metadata.name).sort();
  return name ? { name, why: 'First VolumeSnapshotClass selected' } : undefined;
}
