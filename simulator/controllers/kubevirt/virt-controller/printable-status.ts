import type { Condition, DataVolume, VirtualMachine, Volume } from '../../../../src/clone/resources';
import { claimNameOf, conditionOf, hasCondition, isFinal, isMigrating, runStrategyOf } from '../objects';
import { isSetToStart } from './run-strategy';
import type { VmReconcile } from './vm-reconcile';

/**
 * The one word for the VM's state: the first that holds, in KubeVirt's order of precedence
 * (vm.go setPrintableStatus). `status` is the new status, all but that word.
 */
export function printableStatus(run: VmReconcile, status: NonNullable<VirtualMachine['status']>): string {
  const { vm, vmi } = run;
  const strategy = runStrategyOf(vm);
  const phase = vmi?.status?.phase;
  const conditions = vmi?.status?.conditions;
  const ended = vmi !== undefined && isFinal(vmi);
  const starting = !vmi && run.expectations.isCreating(run.key);
  const stopping =
    vmi !== undefined && (Boolean(vmi.metadata.deletionTimestamp) || run.expectations.isDeleting(run.key));
  const paused = hasCondition(conditions, 'Paused', 'True');
  const crashes =
    status.startFailure !== undefined && ['Always', 'RerunOnFailure', 'Once'].includes(strategy);
  const words: [string, () => boolean][] = [
    ['Terminating', () => vm.metadata.deletionTimestamp !== undefined],
    ['Stopping', () => stopping && !ended],
    ['Migrating', () => isMigrating(vmi)],
    ['Paused', () => phase === 'Running' && paused],
    ['Running', () => phase === 'Running'],
    ['ErrorPvcNotFound', () => isFalseBecause(conditions, 'Synchronized', 'FailedPvcNotFound')],
    ['DataVolumeError', () => dataVolumesOf(run).some(hasError)],
    ['ErrorUnschedulable', () => isFalseBecause(conditions, 'PodScheduled', 'Unschedulable')],
    ['Provisioning', () => dataVolumesOf(run).some(isProvisioning)],
    ['WaitingForVolumeBinding', () => isSetToStart({ ...vm, status }, vmi, strategy) && hasUnboundClaim(run)],
    ['ErrImagePull', () => isFalseBecause(conditions, 'Synchronized', 'ErrImagePull')],
    ['ImagePullBackOff', () => isFalseBecause(conditions, 'Synchronized', 'ImagePullBackOff')],
    ['Starting', () => starting || ['Pending', 'Scheduling', 'Scheduled'].includes(phase ?? '')],
    ['CrashLoopBackOff', () => crashes && (!vmi || ended) && !starting],
    ['Stopped', () => ended || (!vmi && !starting)],
  ];
  return words.find(([, holds]) => holds())?.[0] ?? 'Unknown';
}

function volumesOf({ vm }: VmReconcile): Volume[] {
  return vm.spec.template.spec.volumes ?? [];
}

function dataVolumesOf(run: VmReconcile): DataVolume[] {
  return volumesOf(run).flatMap(({ dataVolume }) => {
    const found = dataVolume && run.dataVolumes.get(run.vm.metadata.namespace, dataVolume.name);
    return found ? [found] : [];
  });
}

function hasError({ status }: DataVolume): boolean {
  const running = conditionOf(status?.conditions, 'Running');
  const failed = running?.reason === 'Error' || running?.reason === 'ImagePullFailed';
  const overQuota = conditionOf(status?.conditions, 'Bound')?.reason === 'ErrExceededQuota';
  return (
    status?.phase === 'Failed' ||
    (status?.phase === 'Pending' && overQuota) ||
    (running?.status === 'False' && failed)
  );
}

function isProvisioning({ status }: DataVolume): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'PendingPopulation') return false;
  return status?.phase !== 'WaitForFirstConsumer' || hasCondition(status.conditions, 'Bound', 'True');
}

function hasUnboundClaim(run: VmReconcile): boolean {
  return volumesOf(run).some((volume) => {
    const name = claimNameOf(volume);
    const claim = name && run.claims.get(run.vm.metadata.namespace, name);
    return claim && claim.status?.phase !== 'Bound';
  });
}

function isFalseBecause(conditions: Condition[] | undefined, type: string, reason: string): boolean {
  const condition = conditionOf(conditions, type);
  return condition?.status === 'False' && condition.reason === reason;
}
