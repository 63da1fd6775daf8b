import type { PersistentVolumeClaim, VirtualMachine } from '../../../../src/clone/resources';
import { type ClusterClient, Kinds } from '../../../../src/kubernetes';
import { claimsOf, controllerOf, hasFinalizer, isDeleting, isTerminated } from '../../objects';
import type { SimContext } from '../../runtime';
import type { VmSnapshot } from '../kinds';
import { FINALIZERS, PERSISTENT_STATE } from '../names';
import { claimNameOf, hasCondition } from '../objects';

const LOCKED = 'Source locked and operation in progress';
const NOT_LOCKED = 'Source not locked';

/** Whether a snapshot has its VM, or why not, in words. */
export interface LockState {
  locked: boolean;
  message: string;
}

/** The lock of a snapshot on its VM: its name in the VM's status, and a finalizer. (pkg/storage/snapshot/source.go) */
export class SnapshotLock {
  private readonly vmis;
  private readonly claims;
  private readonly dataVolumes;
  private readonly pods;

  constructor(
    context: SimContext,
    private readonly client: ClusterClient,
  ) {
    this.vmis = context.cache(Kinds.VirtualMachineInstance);
    this.claims = context.cache(Kinds.PersistentVolumeClaim);
    this.dataVolumes = context.cache(Kinds.DataVolume);
    this.pods = context.cache(Kinds.Pod);
  }

  stateOf(vm: VirtualMachine, { metadata }: VmSnapshot): LockState {
    const locked =
      vm.status?.snapshotInProgress === metadata.name && hasFinalizer(vm, FINALIZERS.snapshotSource);
    return { locked, message: locked ? LOCKED : NOT_LOCKED };
  }

  /** Takes the VM when its claims are bound, filled and, while it is off, used by nobody, and no snapshot has it. */
  async lock(vm: VirtualMachine, { metadata }: VmSnapshot): Promise<LockState> {
    const hindrance = this.hindranceOf(vm, metadata.name);
    if (hindrance !== undefined) return { locked: false, message: `${NOT_LOCKED}${hindrance}` };
    let held = vm;
    if (!vm.status?.snapshotInProgress) {
      const status = { ...vm.status, snapshotInProgress: metadata.name };
      held = await this.client.replace(Kinds.VirtualMachine, { ...vm, status }, { subresource: 'status' });
    }
    if (!hasFinalizer(held, FINALIZERS.snapshotSource)) {
      await this.writeFinalizers(held, [...(held.metadata.finalizers ?? []), FINALIZERS.snapshotSource]);
    }
    return { locked: true, message: LOCKED };
  }

  async unlock(vm: VirtualMachine, { metadata }: VmSnapshot): Promise<void> {
    if (vm.status?.snapshotInProgress !== metadata.name) return;
    const left = (vm.metadata.finalizers ?? []).filter((name) => name !== FINALIZERS.snapshotSource);
    const freed = hasFinalizer(vm, FINALIZERS.snapshotSource) ? await this.writeFinalizers(vm, left) : vm;
    if (freed.metadata.deletionTimestamp && left.length === 0) return; // gone with its last finalizer
    const { snapshotInProgress: _, ...status } = freed.status ?? {};
    await this.client.replace(Kinds.VirtualMachine, { ...freed, status }, { subresource: 'status' });
  }

  /** What a snapshot says of the guest whose disks it takes; nothing of one that is off. */
  indicationsOf({ metadata: { namespace, name } }: VirtualMachine): string[] {
    const vmi = this.vmis.get(namespace, name);
    if (!vmi) return [];
    const conditions = vmi.status?.conditions;
    if (hasCondition(conditions, 'Paused', 'True')) return ['Online', 'Paused'];
    const hasAgent = conditions?.some(({ type }) => type === 'AgentConnected');
    return hasAgent ? ['GuestAgent', 'Online'] : ['NoGuestAgent', 'Online'];
  }

  private hindranceOf(vm: VirtualMachine, snapshot: string): string | undefined {
    const { namespace, name } = vm.metadata;
    const names = this.claimNamesOf(vm);
    for (const claim of names) {
      const fault = this.faultOf(claim, this.claims.get(namespace, claim));
      if (fault) return ` source ${namespace}/${name} ${fault}: ${claim}`;
    }
    if (!this.vmis.get(namespace, name)) {
      const users = this.pods
        .list(namespace)
        .filter((pod) => !isTerminated(pod) && claimsOf(pod).some((claim) => names.includes(claim)));
      if (users.length > 0) {
        return ` source is offline but ${users.length} pods using PVCs [${names.join(' ')}]`;
      }
    }
    const other = vm.status?.snapshotInProgress;
    return other && other !== snapshot ? ` snapshot "${other}" in progress` : undefined;
  }

  /** Those of its volumes, and the one with the guest's lasting state. */
  private claimNamesOf({ metadata: { namespace, name }, spec }: VirtualMachine): string[] {
    const volumes = (spec.template.spec.volumes ?? []).flatMap((volume) => claimNameOf(volume) ?? []);
    const states = this.claims
      .list(namespace)
      .filter(({ metadata }) => metadata.labels?.[PERSISTENT_STATE.label] === name)
      .map(({ metadata }) => metadata.name);
    return [...volumes, ...states];
  }

  private faultOf(name: string, claim: PersistentVolumeClaim | undefined): string | undefined {
    if (!claim) return 'volume doesnt exist';
    if (isDeleting(claim)) return 'volume is being deleted';
    if (claim.status?.phase !== 'Bound') return 'volume not bound';
    const isDisk = controllerOf(claim)?.kind === 'DataVolume';
    const disk = isDisk ? this.dataVolumes.get(claim.metadata.namespace, name) : undefined;
    return isDisk && disk?.status?.phase !== 'Succeeded' ? 'volume not populated' : undefined;
  }

  private writeFinalizers(vm: VirtualMachine, finalizers: string[]): Promise<VirtualMachine> {
    const { namespace, name, finalizers: old } = vm.metadata;
    const path = '/metadata/finalizers';
    return this.client.patchJson(Kinds.VirtualMachine, { namespace, name }, [
      { op: 'test', path, value: old ?? null },
      { op: old ? 'replace' : 'add', path, value: finalizers },
    ]);
  }
}
