import type { CopyMethod } from '../contract';
import { parseBytes } from './quantity';
import type {
  ClaimSpec,
  FilesystemOverhead,
  PersistentVolumeClaim,
  StorageClass,
  StorageProfile,
} from './resources';

/** What of a source claim a copy must have, too: it is read from the live claim, for DataVolumes may differ. */
export interface CopiedClaimSpec {
  /** One: CDI's webhook refuses more in `pvc`. */
  accessModes: string[];
  volumeMode: string;
  storageClassName: string;
  /** A quantity: the claim's request, as it is written there, unless the copy needs more. */
  size: string;
}

/** The storage of the cluster. */
export interface Storage {
  storageClasses: readonly StorageClass[];
  storageProfiles: readonly StorageProfile[];
  /** Read only where a class is asked for. */
  filesystemOverhead?: FilesystemOverhead;
}

/** The most that a volume can do first: a copy that could do less would not migrate, or not start. */
const MODES = ['ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod', 'ReadOnlyMany'] as const;

/** CDI's own, should nobody say (CDI pkg/common, DefaultGlobalOverhead). */
const DEFAULT_OVERHEAD = 0.06;
const BLOCK = 2 ** 20;

/** The claim of a copy: like its source's, and on another class as far as that one can. */
export function copiedClaimSpec(claim: ClaimSpec, storage: Storage, wanted?: string): CopiedClaimSpec {
  const own = likeSource(claim);
  if (wanted === undefined || wanted === own.storageClassName) return own;
  const on = { ...own, storageClassName: wanted };
  const sets = profileOf(storage, wanted)?.status?.claimPropertySets ?? [];
  const ofMode = sets.filter(({ volumeMode }) => (volumeMode ?? 'Filesystem') === own.volumeMode);
  const mode = own.accessModes[0] as string;
  if (sets.length === 0 || ofMode.some(({ accessModes }) => accessModes?.includes(mode))) return on;
  const best = ofMode[0] ?? sets[0];
  const offered = {
    ...on,
    volumeMode: best?.volumeMode ?? 'Filesystem',
    accessModes: [ablest(best?.accessModes ?? [])],
  };
  return own.volumeMode === 'Block' && offered.volumeMode === 'Filesystem'
    ? { ...offered, size: withOverhead(own.size, wanted, storage) }
    : offered;
}

function likeSource(claim: ClaimSpec): CopiedClaimSpec {
  return {
    accessModes: [ablest(claim.accessModes ?? [])],
    volumeMode: claim.volumeMode ?? 'Filesystem',
    storageClassName: claim.storageClassName ?? '',
    size: claim.resources?.requests?.storage ?? '',
  };
}

function ablest(modes: readonly string[]): string {
  return MODES.find((mode) => modes.includes(mode)) ?? modes[0] ?? 'ReadWriteOnce';
}

/** A file system takes a part of its volume, and the disk's image must fit into the rest (CDI pkg/util, GetRequiredSpace). */
function withOverhead(size: string, storageClass: string, { filesystemOverhead }: Storage): string {
  const text = filesystemOverhead?.storageClass?.[storageClass] ?? filesystemOverhead?.global;
  const part = Number(text ?? DEFAULT_OVERHEAD);
  const bytes = (parseBytes(size) ?? 0) / (1 - part);
  return String(Math.ceil(bytes / BLOCK) * BLOCK);
}

/**
 * The method that CDI will choose (CDI controller/clone/planner.go, computeStrategyForSourcePVC): what the profile
 * of the target's class says, else a snapshot when there is a snapshot class to take it with. It copies over the
 * network where the storage can't do it by itself: another driver, another volume mode, or a volume that would have
 * to grow and can't.
 */
export function copyMethod(
  storage: Storage,
  source: Pick<PersistentVolumeClaim, 'spec' | 'status'>,
  target: CopiedClaimSpec,
): CopyMethod {
  const advised = advisedMethod(storage, target.storageClassName);
  const driver = (name: string | undefined) => classOf(storage, name)?.provisioner;
  const capacity = parseBytes(source.status?.capacity?.storage);
  const grows = capacity !== undefined && capacity < (parseBytes(target.size) ?? 0);
  const byStorage =
    driver(source.spec.storageClassName) === driver(target.storageClassName) &&
    (source.spec.volumeMode ?? 'Filesystem') === target.volumeMode &&
    (!grows || classOf(storage, target.storageClassName)?.allowVolumeExpansion === true);
  return byStorage ? advised : 'copy';
}

function advisedMethod(storage: Storage, storageClass: string): CopyMethod {
  const status = profileOf(storage, storageClass)?.status;
  if (status?.cloneStrategy === 'csi-clone' || status?.cloneStrategy === 'copy') return status.cloneStrategy;
  if (status?.cloneStrategy === 'snapshot' || status?.snapshotClass) return 'snapshot';
  return 'copy';
}

function profileOf({ storageProfiles }: Storage, storageClass: string): StorageProfile | undefined {
  return storageProfiles.find(({ metadata }) => metadata.name === storageClass);
}

export function classOf({ storageClasses }: Storage, name: string | undefined): StorageClass | undefined {
  return storageClasses.find(({ metadata }) => metadata.name === name);
}
