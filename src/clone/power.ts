import { MARKS, type Owner } from '../contract';
import type { Pod, RunStrategy, VirtualMachine, VirtualMachineInstance } from './resources';
import { isAwaitingStandstill } from './standstill';

/** The two ways to say whether a VM shall run; a VM has exactly one of them. */
export type PowerSetting = { runStrategy: RunStrategy } | { running: boolean };

/**
 * Annotation `power`: how the source stood before clones switched it off, written with the stop by the first
 * holder and inherited by every later one.
 */
export interface SavedPower {
  setting: PowerSetting;
  /** Of the VM that it belongs to: a copied annotation means nothing on another one. */
  uid: string;
  /** Who answers for giving it back, should the lock be gone. */
  debtor?: Debtor;
  /** The source has its strategy back; what is left to pay is its start (`needsStart`). */
  owed?: 'start';
}

/** A clone that has switched a source off. `since` is ISO 8601. */
export interface Debtor extends Owner {
  workflowId: string;
  since: string;
}

/** What the spec says now, whoever wrote it. */
export function currentSetting({ spec }: VirtualMachine): PowerSetting {
  return spec.running === undefined
    ? { runStrategy: spec.runStrategy ?? 'Halted' }
    : { running: spec.running };
}

/** The same form, switched off. */
export function stoppedSetting(setting: PowerSetting): PowerSetting {
  return 'running' in setting ? { running: false } : { runStrategy: 'Halted' };
}

export function sameSetting(a: PowerSetting, b: PowerSetting): boolean {
  return 'running' in a
    ? 'running' in b && a.running === b.running
    : 'runStrategy' in b && a.runStrategy === b.runStrategy;
}

export function isStopped(setting: PowerSetting): boolean {
  return sameSetting(setting, stoppedSetting(setting));
}

/** `running: true` means Always, `running: false` Halted. */
export function strategyOfSetting(setting: PowerSetting): RunStrategy {
  if ('runStrategy' in setting) return setting.runStrategy;
  return setting.running ? 'Always' : 'Halted';
}

/** What our annotation on the VM says, whether it still holds or not. */
export function powerNote(vm: VirtualMachine): SavedPower | undefined {
  const text = vm.metadata.annotations?.[MARKS.power];
  const note = text === undefined ? undefined : parseSaved(text);
  return note?.uid === vm.metadata.uid ? note : undefined;
}

/**
 * The saved power state while it still holds: as long as the source stands switched off, under a lock or (when
 * somebody removed that) without one. A Manual or RerunOnFailure source that has its strategy again may still have to
 * be started (`needsStart`). Once only that start is owed, a source that is Halted was switched off by a person.
 * Whoever set it otherwise meanwhile has overruled it.
 */
export function savedPower(vm: VirtualMachine): SavedPower | undefined {
  const note = powerNote(vm);
  if (!note) return undefined;
  const isLocked = vm.metadata.annotations?.[MARKS.lock] !== undefined;
  if (!isLocked && !note.debtor) return undefined;
  const now = currentSetting(vm);
  if (needsStart(note.setting) && sameSetting(now, note.setting)) return note;
  const isOursToRestore = isLocked || note.owed === undefined;
  return isOursToRestore && sameSetting(now, stoppedSetting(note.setting)) ? note : undefined;
}

/**
 * Restoring its strategy leaves a start to be asked for: Manual starts nothing, and RerunOnFailure only a VM that has no
 * VMI when virt-controller first acts on it (KubeVirt watch/vm/vm.go, shouldStartRerunOnFailure); one that still goes
 * down then stays off.
 */
export function needsStart(setting: PowerSetting): boolean {
  return ['Manual', 'RerunOnFailure'].includes(strategyOfSetting(setting));
}

/** The strategy that a person gave the VM: a clone that switches it off for a while does not count. */
export function strategyOf(vm: VirtualMachine): RunStrategy {
  return strategyOfSetting(savedPower(vm)?.setting ?? currentSetting(vm));
}

export function isFinal(vmi: VirtualMachineInstance | undefined): boolean {
  return vmi?.status?.phase === 'Succeeded' || vmi?.status?.phase === 'Failed';
}

/** A Start request is pending: virt-api took it, virt-controller has not obeyed yet. */
export function wantsStart(vm: VirtualMachine): boolean {
  return vm.status?.stateChangeRequests?.some(({ action }) => action === 'Start') ?? false;
}

/**
 * Whether the VM runs, or will without anyone's doing.
 *
 * Beside a live VMI, a pending Start request, Always, and RerunOnFailure with a Failed VMI: Once boots whenever
 * it has no VMI at all, and RerunOnFailure when virt-controller has not acted on that strategy yet
 * (`status.runStrategy`; KubeVirt watch/vm/vm.go, syncRunStrategy).
 */
export function isOn(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): boolean {
  if (vmi && !isFinal(vmi)) return true;
  if (wantsStart(vm)) return true;
  switch (strategyOfSetting(currentSetting(vm))) {
    case 'Always':
      return true;
    case 'Once':
      return vmi === undefined;
    case 'RerunOnFailure':
      return vmi ? vmi.status?.phase === 'Failed' : vm.status?.runStrategy !== 'RerunOnFailure';
    default:
      return false;
  }
}

/**
 * Whether the VM is on its way down by somebody's wish and will stay off: nothing is to be stopped, and
 * restoring its strategy later would boot it.
 */
export function isGoingDown(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): boolean {
  if (!vmi || isFinal(vmi) || wantsStart(vm)) return false;
  const strategy = strategyOfSetting(currentSetting(vm));
  if (strategy === 'Halted') return true;
  const stopping = vmi.metadata.deletionTimestamp !== undefined;
  return stopping && (strategy === 'Manual' || strategy === 'RerunOnFailure');
}

/**
 * What still keeps the VM from being off, in words; undefined when it is off: no live VMI, also by
 * virt-controller's own account, no pending Start, no live pod on its claims (CDI checks pods: common/util.go, GetPodsUsingPVCs).
 *
 * `observedGeneration` tells nothing here: virt-controller writes it only while there is a VMI, so a VM that
 * never ran, or was edited while off, lags for ever.
 */
export function whyNotOff(
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
  pods: readonly Pod[],
  claims: ReadonlySet<string>,
): string | undefined {
  if (vmi && !isFinal(vmi))
    return `the VMI is ${vmi.status?.phase ?? 'new'}${vmi.metadata.deletionTimestamp ? ' and stopping' : ''}`;
  if (wantsStart(vm)) return 'a Start request is pending';
  if (!vmi && isAwaitingStandstill(vm)) return 'virt-controller has yet to see that the VMI is gone';
  const pod = pods.find((candidate) => usesClaim(candidate, claims) && !isCopyPod(candidate));
  return pod && `pod ${pod.metadata.name} (${pod.status?.phase ?? 'new'}) still uses its disks`;
}

/** Whether a pod that has not ended mounts one of the claims of its namespace to write (CDI common/util.go, GetPodsUsingPVCs). */
export function usesClaim(pod: Pod, claims: ReadonlySet<string>): boolean {
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return false;
  return (
    pod.spec?.volumes?.some(
      ({ persistentVolumeClaim: used }) => used && !used.readOnly && claims.has(used.claimName),
    ) ?? false
  );
}

/**
 * Whether it is the VM's launcher pod, owned by its VMI, or one that plugs a disk into it, owned by the launcher:
 * they end with the VM. Labels prove nothing: whoever copies the template copies them.
 */
export function belongsToVm({ metadata }: Pod, source: VirtualMachine, pods: readonly Pod[]): boolean {
  return (metadata.ownerReferences ?? []).some(({ kind, name, uid }) => {
    if (kind === 'VirtualMachineInstance') return name === source.metadata.name;
    const launcher = kind === 'Pod' && pods.find((pod) => pod.metadata.uid === uid);
    return launcher ? belongsToVm(launcher, source, pods) : false;
  });
}

/** CDI's pods that copy a claim only read it; those that import or upload write. */
export function isCopyPod(pod: Pod): boolean {
  return isCdiPod(pod) && !fillsItsClaim(pod);
}

export function fillsItsClaim({ metadata }: Pod): boolean {
  return ['importer', 'cdi-upload-server'].includes(metadata.labels?.['cdi.kubevirt.io'] ?? '');
}

/** CDI labels each of its own pods so. */
export function isCdiPod(pod: Pod): boolean {
  const labels = pod.metadata.labels;
  return labels?.app === 'containerized-data-importer' || labels?.['cdi.kubevirt.io'] !== undefined;
}

function parseSaved(text: string): SavedPower | undefined {
  try {
    const saved = JSON.parse(text) as SavedPower;
    const { setting } = saved;
    const valid =
      typeof saved.uid === 'string' && ('running' in setting || typeof setting.runStrategy === 'string');
    return valid ? saved : undefined;
  } catch {
    return undefined;
  }
}
