import type {
  PersistentVolumeClaim,
  StorageProfile,
  VirtualMachineInstance,
} from '../../../../src/clone/resources';
import { type ClusterClient, Kinds, type WatchCache } from '../../../../src/kubernetes';
import { annotationOf, controllerReference, isDeleting } from '../../objects';
import { keyOf, type SimContext } from '../../runtime';
import { PERSISTENT_STATE } from '../names';
import { Expectations } from './expectations';
import { SyncError } from './sync-error';

const SIZE = '10Mi';
const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';
const DEFAULT_VIRT_CLASS = 'storageclass.kubevirt.io/is-default-virt-class';

/** True when a guest's TPM or EFI variables outlive it. (backend-storage.go IsBackendStorageNeeded) */
export function hasPersistentState({ spec }: Pick<VirtualMachineInstance, 'spec'>): boolean {
  const { devices, firmware } = spec?.domain ?? {};
  const tpm = devices?.tpm as { enabled?: boolean; persistent?: boolean } | undefined;
  const { efi } = (firmware?.bootloader ?? {}) as { efi?: { persistent?: boolean } };
  return (tpm?.persistent === true && tpm.enabled !== false) || efi?.persistent === true;
}

/** The claim with the state of a VM or VMI of this name: by its label, else by the name that old ones have. */
export function stateClaimOf(
  claims: WatchCache<PersistentVolumeClaim>,
  { metadata: { namespace, name } }: VirtualMachineInstance,
): PersistentVolumeClaim | undefined {
  const living = claims.list(namespace).filter((claim) => !isDeleting(claim));
  return (
    living.find(({ metadata }) => metadata.labels?.[PERSISTENT_STATE.label] === name) ??
    living.find(({ metadata }) => metadata.name === `${PERSISTENT_STATE.label}-${name}`)
  );
}

/** What virt-controller does for the state of guests that outlives them (pkg/storage/backend-storage). */
export class PersistentStates {
  private readonly claims;
  private readonly classes;
  private readonly profiles;
  private readonly expectations: Expectations;

  constructor(
    context: SimContext,
    private readonly client: ClusterClient,
  ) {
    this.claims = context.cache(Kinds.PersistentVolumeClaim);
    this.classes = context.cache(Kinds.StorageClass);
    this.profiles = context.cache(Kinds.StorageProfile);
    this.expectations = new Expectations(this.claims as never, ({ metadata }) => {
      const name = metadata.labels?.[PERSISTENT_STATE.label];
      return name === undefined ? undefined : `${metadata.namespace}/${name}`;
    });
  }

  /** True when the launcher may be made: no state is kept, or its claim is bound or waits for just that. */
  async ensure(vmi: VirtualMachineInstance): Promise<boolean> {
    const key = keyOf(vmi);
    const found = stateClaimOf(this.claims, vmi);
    if (!hasPersistentState(vmi)) {
      if (found) await this.discard(found);
      return true;
    }
    if (!this.expectations.satisfied(key)) return false;
    if (!found) {
      const creating = this.expectations.creating(key, async () =>
        this.client.create(Kinds.PersistentVolumeClaim, this.claimFor(vmi)),
      );
      await SyncError.wrapAs('FailedBackendStorageCreate', creating);
      return false;
    }
    if (this.isReady(found)) return true;
    throw new SyncError('BackendStorageNotReady', 'PVC pending');
  }

  private async discard({ metadata: { namespace, name, uid } }: PersistentVolumeClaim): Promise<void> {
    const deleting = this.client.delete(Kinds.PersistentVolumeClaim, { namespace, name }, { uid });
    await SyncError.wrapAs('Failed deleting backend storage', deleting);
  }

  private isReady({ spec, status }: PersistentVolumeClaim): boolean {
    if (status?.phase === 'Bound') return true;
    const failed = (why: string) => new SyncError('FailedBackendStorageProbe', why);
    if (status?.phase === 'Lost') throw failed('backend storage PVC lost');
    const storageClass = this.classes.get(undefined, spec.storageClassName ?? '');
    if (!storageClass) throw failed(`storage class ${spec.storageClassName} not found`);
    return storageClass.volumeBindingMode === 'WaitForFirstConsumer';
  }

  /** Owned as the VMI is: it goes with the VM, and a VMI of no VM takes it along. */
  private claimFor(vmi: VirtualMachineInstance): PersistentVolumeClaim {
    const { namespace, name, ownerReferences = [] } = vmi.metadata;
    const storageClassName = this.defaultClass();
    return {
      metadata: {
        name: '',
        generateName: `${PERSISTENT_STATE.label}-${name}-`,
        namespace,
        labels: { [PERSISTENT_STATE.label]: name, 'cdi.kubevirt.io/applyStorageProfile': 'true' },
        ownerReferences:
          ownerReferences.length > 0
            ? ownerReferences
            : [controllerReference(Kinds.VirtualMachineInstance, vmi)],
      },
      spec: {
        accessModes: [accessModeOf(this.profiles.get(undefined, storageClassName))],
        resources: { requests: { storage: SIZE } },
        storageClassName,
        volumeMode: 'Filesystem',
      },
    };
  }

  private defaultClass(): string {
    for (const mark of [DEFAULT_VIRT_CLASS, DEFAULT_CLASS]) {
      const found = this.classes.list().find((candidate) => annotationOf(candidate, mark) === 'true');
      if (found) return found.metadata.name;
    }
    throw new Error('no default storage class found');
  }
}

/** Shared if the class can share file systems. */
function accessModeOf(profile: StorageProfile | undefined): string {
  const sets = (profile?.status?.claimPropertySets ?? []) as {
    volumeMode?: string;
    accessModes?: string[];
  }[];
  const modes = sets
    .filter(({ volumeMode }) => volumeMode === 'Filesystem')
    .flatMap(({ accessModes = [] }) => accessModes);
  return modes.includes('ReadWriteMany') ? 'ReadWriteMany' : 'ReadWriteOnce';
}
