import { type DiskObservation, diskOutcome } from '../../../src/clone/copy-outcome';
import { MAX_RESTARTS } from '../../../src/clone/copy-signals';
import { type CopyExpectation, type CopyFacts, copyVerdict } from '../../../src/clone/copy-verdict';
import { diagnose } from '../../../src/clone/diagnosis';
import { CREATED_FOR } from '../../../src/clone/ownership';
import { overallPercent, parseProgress, raise } from '../../../src/clone/progress';
import type { DataVolume } from '../../../src/clone/resources';
import { MARKS } from '../../../src/contract';
import {
  CLONE_UID,
  claim,
  INSTALLATION,
  merged,
  type Patch,
  pod,
  SOURCE_UID,
  target,
  vm,
  vmi,
} from '../objects';
import type { Rule } from './rule';

const planned = {
  name: 'root',
  sourceClaim: 'db-root',
  dataVolume: 'db-clone-root',
  bytes: 1,
  method: 'copy' as const,
};

const dv = (status: DataVolume['status'], metadata: Patch = {}): DataVolume => ({
  metadata: { name: 'db-clone-root', namespace: 'shop', uid: 'dv', ...metadata },
  spec: {},
  status,
});
const bound = claim('db-clone-root', { metadata: { annotations: { [CREATED_FOR]: 'dv' } } });
const unbound = merged(bound, { status: { phase: 'Pending' } });

const outcomeOf = (observed: Omit<DiskObservation, 'planned'>) =>
  diskOutcome({ planned, claim: unbound, ...observed });
const inPhase = (phase: string) => outcomeOf({ dataVolume: dv({ phase }) });
const complaint = (type: string, reason: string) =>
  outcomeOf({
    dataVolume: dv({
      phase: 'CloneInProgress',
      conditions: [{ type, status: 'False', reason, message: 'why' }],
    }),
  });
const isInProgress = (phases: string) => {
  for (const phase of phases.split(' ')) expect(inPhase(phase)).toMatchObject({ state: 'copying', phase });
};

const expectation: CopyExpectation = {
  cloneUid: CLONE_UID,
  installation: INSTALLATION,
  source: { namespace: 'shop', name: 'db' },
  sourceUid: SOURCE_UID,
  target: { namespace: 'shop', name: 'db-clone' },
  disks: [planned],
  record: { vmUid: 'target-uid', dataVolumes: [{ name: 'db-clone-root', uid: 'dv' }] },
  standstill: { generation: 3 },
};
const holder = { cloneUid: CLONE_UID, installation: INSTALLATION, workflowId: 'w', since: 'now' };

/** Of a copy in full swing, in which this differs. */
function verdictOf(seen: Partial<CopyFacts>) {
  const source = vm({
    metadata: { annotations: { [MARKS.lock]: JSON.stringify([holder]) } },
    spec: { runStrategy: 'Halted' },
  });
  const dataVolumes = new Map([['db-clone-root', dv({ phase: 'CloneInProgress' })]]);
  const claims = new Map([['db-clone-root', unbound]]);
  const verdict = copyVerdict(expectation, {
    target: target('copying'),
    dataVolumes,
    claims,
    source,
    pods: [],
    ...seen,
  });
  return verdict.is === 'failed' ? verdict.type : verdict.is;
}

/** DataVolumes: what a copy under way has come to. */
export const COPYING: readonly Rule[] = [
  {
    rule: '52',
    what: 'the phases of a clone are in progress, until Succeeded',
    check: () => {
      expect(inPhase('')).toMatchObject({ state: 'copying', phase: 'Pending' });
      isInProgress(
        'Pending CloneScheduled CSICloneInProgress CloneInProgress SnapshotForSmartCloneInProgress CloneFromSnapshotSourceInProgress PrepClaimInProgress RebindInProgress',
      );
      expect(outcomeOf({ dataVolume: dv({ phase: 'Succeeded' }), claim: bound }).state).toBe('succeeded');
    },
  },
  {
    rule: '53',
    what: 'so is every other, known or not',
    check: () =>
      isInProgress(
        'PVCBound WaitForFirstConsumer PendingPopulation SmartClonePVCInProgress ExpansionInProgress NamespaceTransferInProgress Unknown QuantumCopy',
      ),
  },
  {
    rule: '54a',
    what: 'Failed means that the claim is lost',
    check: () => {
      expect(inPhase('Failed')).toMatchObject({ state: 'failed', reason: 'ClaimLost' });
      const lost = merged(bound, { status: { phase: 'Lost' } });
      expect(outcomeOf({ dataVolume: dv({ phase: 'CloneInProgress' }), claim: lost }).state).toBe('failed');
    },
  },
  {
    rule: '54b',
    what: 'an error that CDI tells in a condition counts when it stands',
    check: () =>
      expect(complaint('Running', 'Error')).toMatchObject({
        state: 'copying',
        reason: 'Error',
        finalAfterSeconds: 600,
      }),
  },
  {
    rule: '54c',
    what: 'so does the populator’s, on the claim',
    check: () => {
      const failing = merged(unbound, { metadata: { annotations: { 'cdi.kubevirt.io/cloneError': 'no' } } });
      expect(outcomeOf({ dataVolume: dv({ phase: 'CloneInProgress' }), claim: failing })).toMatchObject({
        message: 'no',
        finalAfterSeconds: 600,
      });
    },
  },
  {
    rule: '54d',
    what: 'a copy pod may crash so often, and no oftener',
    check: () => {
      const after = (restartCount: number) =>
        outcomeOf({ dataVolume: dv({ phase: 'CloneInProgress', restartCount }) }).state;
      expect([after(MAX_RESTARTS - 1), after(MAX_RESTARTS)]).toEqual(['copying', 'failed']);
    },
  },
  {
    rule: '54e',
    what: 'a full quota counts when it stays full',
    check: () => expect(complaint('Bound', 'ErrExceededQuota')).toMatchObject({ finalAfterSeconds: 600 }),
  },
  {
    rule: '55a',
    what: 'a missing source and a target that is too small count soon',
    check: () => {
      for (const reason of ['CloneWithoutSource', 'CloneValidationFailed'])
        expect(complaint('Bound', reason)).toMatchObject({ finalAfterSeconds: 60 });
    },
  },
  {
    rule: '55b',
    what: 'what CDI says in Events explains why nothing moves',
    check: () => {
      const dataVolume = dv({ phase: 'CloneScheduled' });
      for (const reason of ['CloneSourceInUse', 'IncompatibleVolumeModes', 'NoVolumeSnapshotClass']) {
        const event = { metadata: { name: 'e' }, involvedObject: {}, reason, type: 'Warning' };
        const outcome = outcomeOf({ dataVolume });
        expect(diagnose({ name: 'root', since: 'then', dataVolume, outcome, events: [event] })).toContain(
          `CDI says: ${reason}`,
        );
      }
    },
  },
  {
    rule: '55c',
    what: 'a copy that does not move is noticed by the clock',
    shownBy: [
      'test/activities/copy-disks.test.ts',
      'a copy that does not move says since when, and where; it goes on waiting',
    ],
  },
  {
    rule: '56a',
    what: 'progress is a number in percent, or unknown',
    check: () =>
      expect([undefined, '', 'N/A', '26.67%', '100.0%', '5'].map(parseProgress)).toEqual([
        null,
        null,
        null,
        26.67,
        100,
        null,
      ]),
  },
  {
    rule: '56b',
    what: 'what is shown never falls',
    check: () => expect([raise(40, 10), raise(40, null), raise(null, 10)]).toEqual([40, 40, 10]),
  },
  {
    rule: '56c',
    what: 'disks weigh by their bytes, and what nobody knows stays unknown',
    check: () => {
      const disk = (bytes: number, percent: number | null) => ({ name: 'd', phase: '', bytes, percent });
      expect(overallPercent([disk(30, 100), disk(10, 0)])).toBe(75);
      expect(overallPercent([disk(30, null), disk(10, null)])).toBeNull();
    },
  },
  {
    rule: '58b',
    what: 'one that is gone has succeeded if its claim is there, bound and filled',
    check: () => {
      expect(outcomeOf({ expectedUid: 'dv', claim: bound }).state).toBe('succeeded');
      expect(outcomeOf({ expectedUid: 'dv', claim: unbound }).state).toBe('lost');
      expect(outcomeOf({ expectedUid: 'dv', claim: undefined }).state).toBe('lost');
    },
  },
  {
    rule: '59a',
    what: 'a source that is used in mid-copy spoils the clone',
    check: () => {
      expect(verdictOf({})).toBe('copying');
      expect(verdictOf({ sourceVmi: vmi() })).toBe('SourceUsedDuringCopy');
      expect(verdictOf({ pods: [pod('backup', 'db-root')] })).toBe('SourceUsedDuringCopy');
      expect(verdictOf({ source: vm({ spec: { runStrategy: 'Halted' } }) })).toBe('LockLost');
    },
  },
];
