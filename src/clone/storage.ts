import type { CopyMethod } from '../contract';
import { parseBytes } from './quantity';
import type { FilesystemOverhead, PersistentVolumeClaim, StorageClass, StorageProfile } from './resources';

/** What of a source claim a copy must have, too: it is read from the live claim, for DataVolumes may differ. */
export interface CopiedClaimSpec {
  /** One: CDI's webhook refuses more in `pvc`. */
  accessModes: string[];
  volumeMode: string;
  storageClassName: string;
  /** A quantity: the claim's request, as it is written there, unless the copy needs more. */
  size: string;
  /** Where it is no disk image; CDI refuses to copy one into the other. */
  contentType?: string;
  /** Belongs to the driver of the class: it stays with that. */
  volumeAttributesClassName?: string;
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

/** Of a claim that does not say. */
const FILE_SYSTEM = 'Filesystem';

/** CDI pkg/controller/common, AnnContentType; pkg/controller/datavolume/pvc-clone-controller.go, validateContentTypes. */
const CONTENT_TYPE = 'cdi.kubevirt.io/storage.contentType';
const DISK_IMAGE = 'kubevirt';

/** The claim of a copy: like its source's, and on another class as far as that one can. */
export function copiedClaimSpec(
  claim: PersistentVolumeClaim,
  storage: Storage,
  wanted?: string,
): CopiedClaimSpec {
  const own = likeSource(claim);
  if (wanted === undefined || wanted === own.storageClassName) return own;
  const { volumeAttributesClassName, ...carried } = own;
  const on = { ...carried, ...modesOn(own, wanted, storage), storageClassName: wanted };
  return { ...on, size: sizeOn(on, own, claim, storage) };
}

/** Its own modes where the class offers them, else the nearest that it does. */
function modesOn(
  own: CopiedClaimSpec,
  wanted: string,
  storage: Storage,
): Pick<CopiedClaimSpec, 'accessModes' | 'volumeMode'> {
  const sets = profileOf(storage, wanted)?.status?.claimPropertySets ?? [];
  const ofMode = sets.filter(({ volumeMode }) => (volumeMode ?? FILE_SYSTEM) === own.volumeMode);
  const mode = own.accessModes[0] as string;
  if (sets.length === 0 || ofMode.some(({ accessModes }) => accessModes?.includes(mode))) return own;
  const best = ofMode[0] ?? sets[0];
  return { volumeMode: best?.volumeMode ?? FILE_SYSTEM, accessModes: [ablest(best?.accessModes ?? [])] };
}

/**
 * At least what the source asks for, which CDI insists on, and as large as the source's volume really is, for another
 * driver may round otherwise. Where a file system takes more of the new volume than of the old one, that much more
 * (CDI pkg/util, GetRequiredSpace).
 */
function sizeOn(
  on: CopiedClaimSpec,
  own: CopiedClaimSpec,
  { status }: PersistentVolumeClaim,
  storage: Storage,
): string {
  const size = larger(own.size, status?.capacity?.storage);
  const [before, after] = [overheadOf(own, storage), overheadOf(on, storage)];
  if (after <= before) return size;
  const bytes = ((parseBytes(size) ?? 0) * (1 - before)) / (1 - after);
  return String(Math.ceil(bytes / BLOCK - 1e-9) * BLOCK);
}

/** The part of a volume that its file system takes, as CDI reckons; none of a block device. */
function overheadOf(
  { volumeMode, storageClassName }: CopiedClaimSpec,
  { filesystemOverhead }: Storage,
): number {
  if (volumeMode !== FILE_SYSTEM) return 0;
  const text = filesystemOverhead?.storageClass?.[storageClassName] ?? filesystemOverhead?.global;
  return Number(text ?? DEFAULT_OVERHEAD);
}

function likeSource({ metadata, spec }: PersistentVolumeClaim): CopiedClaimSpec {
  const { volumeAttributesClassName } = spec;
  const contentType = metadata.annotations?.[CONTENT_TYPE];
  return {
    accessModes: [ablest(spec.accessModes ?? [])],
    volumeMode: spec.volumeMode ?? FILE_SYSTEM,
    storageClassName: spec.storageClassName ?? '',
    size: spec.resources?.requests?.storage ?? '',
    ...(contentType && contentType !== DISK_IMAGE && { contentType }),
    ...(volumeAttributesClassName && { volumeAttributesClassName }),
  };
}

function larger(a: string, b: string | undefined): string {
  return b !== undefined && (parseBytes(b) ?? 0) > (parseBytes(a) ?? 0) ? b : a;
}

function ablest(modes: readonly string[]): string {
  return MODES.find((mode) => modes.includes(mode)) ?? modes[0] ?? 'ReadWriteOnce';
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
    (source.spec.volumeMode ?? FILE_SYSTEM) === target.volumeMode &&
    (!grows || classOf(storage, target.storageClassName)?.allowVolumeExpansion === true);
  return byStorage ? advised : 'copy';
}

function advisedMethod(storage: Storage, storageClass: string): CopyMethod {
  const status = profileOf(storage, storageClass)?.status;
  if (status?.cloneStrategy === 'csi-clone' || status?.cloneStrategy === 'copy') return status.cloneStrategy;
  return status?.snapshotClass && (status.cloneStrategy ?? 'snapshot') === 'snapshot' ? 'snapshot' : 'copy';
}

function profileOf({ storageProfiles }: Storage, storageClass: string): StorageProfile | undefined {
  return storageProfiles.find(({ metadata }) => metadata.name === storageClass);
}

export function classOf({ storageClasses }: Storage, name: string | undefined): StorageClass | undefined {
  return storageClasses.find(({ metadata }) => metadata.name === name);
}
