import type { DiskProgress, FailureType, Owner, PlannedDisk, TargetRecord, VmRef } from '../contract';
import { type DiskOutcome, diskOutcome } from './copy-outcome';
import { holds } from './lock';
import { isOurs } from './ownership';
import { isCopyPod, isFinal, usesClaim } from './power';
import type {
  DataVolume,
  PersistentVolumeClaim,
  Pod,
  VirtualMachine,
  VirtualMachineInstance,
} from './resources';
import { hasRunSince, type Standstill } from './standstill';

/** What the cluster shows of a copy under way. */
export interface CopyFacts {
  target?: VirtualMachine;
  /** Of the planned names, in the target's namespace. */
  dataVolumes: ReadonlyMap<string, DataVolume>;
  claims: ReadonlyMap<string, PersistentVolumeClaim>;
  source?: VirtualMachine;
  sourceVmi?: VirtualMachineInstance;
  /** Of the source's namespace. */
  pods: readonly Pod[];
}

/** Which copy it is. */
export interface CopyExpectation extends Owner {
  source: VmRef;
  sourceUid: string;
  target: VmRef;
  disks: PlannedDisk[];
  record: TargetRecord;
  /** The source when it was off: it must not have run since. */
  standstill: Standstill;
}

export type CopyVerdict =
  | { is: 'copying' | 'succeeded'; disks: DiskProgress[]; outcomes: DiskOutcome[] }
  | { is: 'failed'; type: FailureType; message: string };

/**
 * What a copy has come to. Any use of the source's disks but CDI's own spoils it: nothing else stops a source
 * from being started in mid-copy (kubevirt-rules). A deleted source does not: its claims are protected.
 */
export function copyVerdict(expected: CopyExpectation, facts: CopyFacts): CopyVerdict {
  const { source, target } = expected;
  if (
    !facts.target ||
    facts.target.metadata.deletionTimestamp ||
    !isOurs(facts.target, expected, expected.record.vmUid)
  ) {
    return failed(
      'TargetDeleted',
      `The clone ${target.namespace}/${target.name} was deleted while it was being copied.`,
    );
  }
  const outcomes = expected.disks.map((planned) =>
    diskOutcome({
      planned,
      dataVolume: facts.dataVolumes.get(planned.dataVolume),
      claim: facts.claims.get(planned.dataVolume),
      expectedUid: expected.record.dataVolumes.find(({ name }) => name === planned.dataVolume)?.uid,
    }),
  );
  const disks = outcomes.map(({ phase, percent }, index) => {
    const { name, bytes } = expected.disks[index] as PlannedDisk;
    return { name, bytes, phase, percent };
  });
  const user = userOfSource(expected, facts);
  if (user) {
    return failed(
      'SourceUsedDuringCopy',
      `${source.namespace}/${source.name} was in use during the copy: ${user}. The source is left as it was set; clone it again.`,
    );
  }
  if (facts.source?.metadata.uid === expected.sourceUid && !holds(facts.source, expected)) {
    return failed(
      'LockLost',
      `Somebody removed this clone's lock from ${source.namespace}/${source.name}: it could have been started at any moment.`,
    );
  }
  if (outcomes.every(({ state }) => state === 'succeeded')) return { is: 'succeeded', disks, outcomes };
  const broken = outcomes.findIndex(({ state }) => state === 'failed' || state === 'lost');
  if (broken >= 0) {
    const { reason, message } = outcomes[broken] as DiskOutcome;
    const why = [reason, message].filter(Boolean).join(': ');
    return failed('CopyFailed', `Disk ${expected.disks[broken]?.name} could not be copied. ${why}`);
  }
  return { is: 'copying', disks, outcomes };
}

/** Who uses the source's disks beside CDI, in words. */
function userOfSource(expected: CopyExpectation, facts: CopyFacts): string | undefined {
  const { disks, sourceUid } = expected;
  const { sourceVmi } = facts;
  const isSources = sourceVmi?.metadata.ownerReferences?.some(({ uid }) => uid === sourceUid) ?? true;
  if (sourceVmi && isSources && !isFinal(sourceVmi)) return `its VMI is ${sourceVmi.status?.phase ?? 'new'}`;
  if (facts.source?.metadata.uid === sourceUid && hasRunSince(facts.source, sourceVmi, expected.standstill))
    return 'it has run since it was shut down';
  const claims = new Set(disks.map(({ sourceClaim }) => sourceClaim));
  const pod = facts.pods.find((each) => usesClaim(each, claims) && !isCopyPod(each));
  return pod && `pod ${pod.metadata.name} mounts its disks`;
}

function failed(type: FailureType, message: string): CopyVerdict {
  return { is: 'failed', type, message };
}
