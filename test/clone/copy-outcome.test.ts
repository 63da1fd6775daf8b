import { type DiskObservation, diskOutcome } from '../../src/clone/copy-outcome';
import { MAX_RESTARTS } from '../../src/clone/copy-signals';
import { diagnose } from '../../src/clone/diagnosis';
import type {
  Condition,
  DataVolume,
  KubernetesEvent,
  PersistentVolumeClaim,
} from '../../src/clone/resources';
import { givenUp, type Standing, stillStanding } from '../../src/clone/standing';
import { claim as anyClaim, merged, type Patch } from './objects';

const planned = {
  name: 'root',
  sourceClaim: 'db-root',
  dataVolume: 'c-root',
  bytes: 1,
  method: 'copy' as const,
};
const UID = 'dv-uid';
const CREATED_FOR = 'cdi.kubevirt.io/createdForDataVolume';

function dv(status: DataVolume['status'], metadata: Patch = {}): DataVolume {
  return { metadata: { name: 'c-root', namespace: 'shop', uid: UID, ...metadata }, spec: {}, status };
}

function claim(patch: Patch = {}, createdFor: string | undefined = UID): PersistentVolumeClaim {
  return merged(anyClaim('c-root', { metadata: { annotations: { [CREATED_FOR]: createdFor } } }), patch);
}

const condition = (type: string, status: string, reason: string, message = ''): Condition => ({
  type,
  status,
  reason,
  message,
});
const pending = claim({ status: { phase: 'Pending' } });
const cloneError = claim({
  metadata: { annotations: { 'cdi.kubevirt.io/cloneError': 'no space' } },
  status: { phase: 'Pending' },
});

const cases: [string, Omit<DiskObservation, 'planned'>, Patch][] = [
  // before and while it is made
  ['not made yet', {}, { state: 'copying', phase: 'Pending', percent: null }],
  ['made, CDI has said nothing', { dataVolume: dv(undefined) }, { state: 'copying', phase: 'Pending' }],
  [
    'observed 32: CloneScheduled',
    { dataVolume: dv({ phase: 'CloneScheduled', progress: 'N/A' }), claim: pending },
    { state: 'copying', phase: 'CloneScheduled', percent: null },
  ],
  [
    'observed 33: a number',
    { dataVolume: dv({ phase: 'CloneInProgress', progress: '26.67%' }), claim: pending },
    { state: 'copying', percent: 26.67 },
  ],
  [
    'observed 33: "100.00%" is not done',
    { dataVolume: dv({ phase: 'CloneInProgress', progress: '100.00%' }), claim: pending },
    { state: 'copying', percent: 100 },
  ],
  [
    '53: an unknown phase is in progress',
    { dataVolume: dv({ phase: 'QuantumCopy' }), claim: pending },
    { state: 'copying', phase: 'QuantumCopy' },
  ],
  ['53: so is Unknown', { dataVolume: dv({ phase: 'Unknown' }), claim: pending }, { state: 'copying' }],
  ['53: so is PVCBound', { dataVolume: dv({ phase: 'PVCBound' }), claim: claim() }, { state: 'copying' }],
  // success
  [
    'succeeded, the claim bound and ours',
    { dataVolume: dv({ phase: 'Succeeded', progress: '100.0%' }), claim: claim() },
    { state: 'succeeded', percent: 100 },
  ],
  [
    'observed 33: Succeeded a moment before Bound',
    { dataVolume: dv({ phase: 'Succeeded' }), claim: pending },
    { state: 'copying', percent: 100 },
  ],
  ['Succeeded, the claim not seen yet', { dataVolume: dv({ phase: 'Succeeded' }) }, { state: 'copying' }],
  [
    '58: collected by CDI, the claim bound',
    { expectedUid: UID, claim: claim() },
    { state: 'succeeded', phase: 'Succeeded', percent: 100 },
  ],
  [
    '58: being collected by CDI',
    {
      expectedUid: UID,
      dataVolume: dv({ phase: 'Succeeded' }, { deletionTimestamp: 'now' }),
      claim: claim(),
    },
    { state: 'succeeded' },
  ],
  // lost
  [
    'observed 38: a claim that was adopted',
    { dataVolume: dv({ phase: 'Succeeded', progress: 'N/A' }), claim: claim({}, 'other') },
    { state: 'lost', reason: 'ForeignClaim' },
  ],
  [
    'observed 38: a claim that nobody made for a DataVolume',
    { dataVolume: dv({ phase: 'Succeeded' }), claim: anyClaim('c-root') },
    { state: 'lost', reason: 'ForeignClaim' },
  ],
  [
    'a foreign claim in the way',
    { dataVolume: dv({}), claim: claim({}, 'other') },
    { state: 'lost', reason: 'ForeignClaim' },
  ],
  [
    'a foreign claim on its way out',
    { dataVolume: dv({}), claim: claim({ metadata: { deletionTimestamp: 'now' } }, 'other') },
    { state: 'copying' },
  ],
  [
    'another DataVolume of the name',
    { expectedUid: UID, dataVolume: dv({ phase: 'Succeeded' }, { uid: 'other' }), claim: claim({}, 'other') },
    { state: 'lost', reason: 'DataVolumeReplaced' },
  ],
  ['deleted, nothing left', { expectedUid: UID }, { state: 'lost', reason: 'DataVolumeDeleted' }],
  [
    'deleted in mid-copy',
    { expectedUid: UID, claim: pending },
    { state: 'lost', reason: 'DataVolumeDeleted' },
  ],
  [
    'being deleted in mid-copy',
    {
      expectedUid: UID,
      dataVolume: dv({ phase: 'CloneInProgress' }, { deletionTimestamp: 'now' }),
      claim: pending,
    },
    { state: 'lost' },
  ],
  [
    'deleted by a person: the claim goes with it',
    { expectedUid: UID, claim: claim({ metadata: { ownerReferences: [{ uid: UID }] } }) },
    { state: 'lost' },
  ],
  [
    'deleted, the claim going',
    { expectedUid: UID, claim: claim({ metadata: { deletionTimestamp: 'now' } }) },
    { state: 'lost' },
  ],
  [
    'deleted, the claim orphaned half full',
    {
      expectedUid: UID,
      claim: claim({ metadata: { annotations: { 'cdi.kubevirt.io/clonePhase': 'HostClone' } } }),
    },
    { state: 'lost' },
  ],
  ["deleted, another's claim", { expectedUid: UID, claim: claim({}, 'other') }, { state: 'lost' }],
  [
    'Succeeded, beside a foreign claim on its way out',
    {
      dataVolume: dv({ phase: 'Succeeded' }),
      claim: claim({ metadata: { deletionTimestamp: 'now' } }, 'other'),
    },
    { state: 'copying' },
  ],
  // failed
  [
    '54: Failed, of a lost claim',
    { dataVolume: dv({ phase: 'Failed' }), claim: pending },
    { state: 'failed', reason: 'ClaimLost' },
  ],
  [
    '54: the claim lost, CDI has not noticed',
    { dataVolume: dv({ phase: 'CloneInProgress' }), claim: claim({ status: { phase: 'Lost' } }) },
    { state: 'failed', reason: 'ClaimLost' },
  ],
  [
    'observed 39: the pod crashes',
    { dataVolume: dv({ phase: 'CloneInProgress', restartCount: MAX_RESTARTS - 1 }), claim: pending },
    { state: 'copying' },
  ],
  [
    '54: the pod has crashed too often',
    { dataVolume: dv({ phase: 'CloneInProgress', restartCount: MAX_RESTARTS }), claim: pending },
    { state: 'failed', reason: 'CopyPodCrashes' },
  ],
  [
    'crashed often, and done at last',
    { dataVolume: dv({ phase: 'Succeeded', restartCount: 99 }), claim: claim() },
    { state: 'succeeded' },
  ],
  // complaints: final when they stand
  [
    '54: Running=False, Error',
    {
      dataVolume: dv({
        phase: 'CloneInProgress',
        conditions: [condition('Running', 'False', 'Error', 'boom')],
      }),
      claim: pending,
    },
    { state: 'copying', reason: 'Error', message: 'boom', finalAfterSeconds: 600 },
  ],
  [
    '54: cloneError on the claim',
    { dataVolume: dv({ phase: 'CloneInProgress' }), claim: cloneError },
    { state: 'copying', reason: 'Error', message: 'no space', finalAfterSeconds: 600 },
  ],
  [
    'observed 37: quota',
    { dataVolume: dv({ phase: 'Pending', conditions: [condition('Bound', 'Unknown', 'ErrExceededQuota')] }) },
    { state: 'copying', reason: 'ErrExceededQuota', finalAfterSeconds: 600 },
  ],
  [
    'observed 36: no such class',
    { dataVolume: dv({ conditions: [condition('Bound', 'False', 'ErrClaimNotValid')] }) },
    { reason: 'ErrClaimNotValid', finalAfterSeconds: 600 },
  ],
  [
    'observed 36: the source claim is missing',
    { dataVolume: dv({ conditions: [condition('Bound', 'False', 'CloneWithoutSource')] }) },
    { reason: 'CloneWithoutSource', finalAfterSeconds: 60 },
  ],
  [
    'observed 36: the target is smaller',
    { dataVolume: dv({ conditions: [condition('Ready', 'False', 'CloneValidationFailed')] }) },
    { reason: 'CloneValidationFailed', finalAfterSeconds: 60 },
  ],
  [
    'a reason of a condition that holds',
    { dataVolume: dv({ conditions: [condition('Bound', 'True', 'ErrExceededQuota')] }) },
    { state: 'copying' },
  ],
  // recorded in every good run
  [
    'Bound=False Pending is no complaint',
    {
      dataVolume: dv({ phase: 'CloneScheduled', conditions: [condition('Bound', 'False', 'Pending')] }),
      claim: pending,
    },
    { state: 'copying' },
  ],
  [
    'Running=False Completed is no complaint',
    {
      dataVolume: dv({ phase: 'RebindInProgress', conditions: [condition('Running', 'False', 'Completed')] }),
      claim: pending,
    },
    { state: 'copying' },
  ],
  [
    'Ready=False TransferRunning is no complaint',
    {
      dataVolume: dv({
        phase: 'CloneInProgress',
        conditions: [condition('Ready', 'False', 'TransferRunning')],
      }),
      claim: pending,
    },
    { state: 'copying' },
  ],
];

test.each(cases)('%s', (_what, observation, expected) => {
  const outcome = diskOutcome({ planned, ...observation });
  expect(outcome).toMatchObject(expected);
  if (outcome.state === 'copying') expect(outcome.reason).toBe(expected.reason);
  if (outcome.state === 'failed' || outcome.state === 'lost') expect(outcome.message).toMatch(/^[A-Z].*\.$/);
});

describe('what counts as a move', () => {
  const base = { dataVolume: dv({ phase: 'CloneInProgress', progress: '5.00%' }), claim: pending };
  const moveOf = (observation: Omit<DiskObservation, 'planned'>) =>
    diskOutcome({ planned, ...observation }).lastMove;
  test.each<[string, Omit<DiskObservation, 'planned'>, boolean]>([
    ['the same again', { ...base }, false],
    ['progress', { ...base, dataVolume: dv({ phase: 'CloneInProgress', progress: '6.00%' }) }, true],
    ['a phase', { ...base, dataVolume: dv({ phase: 'RebindInProgress', progress: '5.00%' }) }, true],
    ['the claim bound', { ...base, claim: claim() }, true],
    [
      "the populator's phase",
      {
        ...base,
        claim: merged(pending, { metadata: { annotations: { 'cdi.kubevirt.io/clonePhase': 'Rebind' } } }),
      },
      true,
    ],
    // observed/crashing-copy-pod: Running flips for ever
    [
      'a crash loop',
      {
        ...base,
        dataVolume: dv({
          phase: 'CloneInProgress',
          progress: '5.00%',
          restartCount: 2,
          conditions: [condition('Running', 'False', 'x')],
        }),
      },
      false,
    ],
    [
      'a status update that says nothing new',
      { ...base, dataVolume: dv({ phase: 'CloneInProgress', progress: '5.00%' }, { resourceVersion: '9' }) },
      false,
    ],
  ])('%s: %p', (_what, observation, moved) => expect(moveOf(observation) !== moveOf(base)).toBe(moved));
});

describe('a complaint that stands (architecture, rules 54, 70: endless retry is bounded)', () => {
  const disks = [{ ...planned, name: 'a' }, planned];
  const fine = diskOutcome({ planned, dataVolume: dv({ phase: 'CloneScheduled' }) });
  const quota = diskOutcome({
    planned,
    dataVolume: dv({ conditions: [condition('Bound', 'Unknown', 'ErrExceededQuota')] }),
  });
  const error = diskOutcome({
    planned,
    dataVolume: dv({ conditions: [condition('Running', 'False', 'Error')] }),
  });

  test.each([
    ['for less than its limit', [quota, quota], 599, undefined],
    ['for its limit', [quota, quota], 600, 1],
    ['and goes', [quota, fine], 600, undefined],
    ['and becomes another', [quota, error], 600, undefined],
  ])('%s', (_what, [first, then], seconds, expected) => {
    let standing: Standing = stillStanding({}, disks, [fine, first as typeof fine], 0);
    const outcomes = [fine, then as typeof fine];
    standing = stillStanding(standing, disks, outcomes, seconds * 1000);
    expect(givenUp(standing, disks, outcomes, seconds * 1000)).toBe(expected);
  });

  test('one that comes back begins anew', () => {
    let standing = stillStanding({}, disks, [fine, quota], 0);
    standing = stillStanding(standing, disks, [fine, fine], 300_000);
    standing = stillStanding(standing, disks, [fine, quota], 400_000);
    expect(givenUp(standing, disks, [fine, quota], 700_000)).toBeUndefined();
  });
});

describe('diagnosis of a stall', () => {
  const since = '2026-01-02T03:04:05Z';
  const event = (reason: string, lastTimestamp: string, type = 'Warning'): KubernetesEvent => ({
    metadata: { name: reason },
    involvedObject: { name: 'c-root' },
    reason,
    message: 'why',
    type,
    lastTimestamp,
  });
  const at = (dataVolume: DataVolume) => ({
    name: 'root',
    since,
    dataVolume,
    outcome: diskOutcome({ planned, dataVolume }),
  });
  test.each<[string, Parameters<typeof diagnose>[0], string]>([
    [
      'the phase alone',
      at(dv({ phase: 'CSICloneInProgress' })),
      `Disk root: CSICloneInProgress without a move since ${since}. The storage driver clones the volume: see its provisioner.`,
    ],
    [
      'how far it came',
      at(dv({ phase: 'CloneInProgress', progress: '26.67%' })),
      `Disk root: CloneInProgress at 26% without a move since ${since}. The copy pods run in the namespace of the source: see whether they are scheduled.`,
    ],
    [
      'a complaint before all',
      {
        ...at(dv({ conditions: [condition('Bound', 'Unknown', 'ErrExceededQuota', 'no room')] })),
        events: [event('Other', '1')],
      },
      `Disk root: Pending without a move since ${since}. CDI says: ErrExceededQuota: no room.`,
    ],
    // observed 35
    [
      'the last warning event',
      {
        ...at(dv({ phase: 'Unheard' })),
        events: [event('Old', '1'), event('CloneSourceInUse', '2'), event('Normal', '3', 'Normal')],
      },
      `Disk root: Unheard without a move since ${since}. CDI says: CloneSourceInUse: why.`,
    ],
    [
      'a warning that tells more than that it is pending',
      { ...at(dv({ phase: 'Unheard' })), events: [event('ProvisioningFailed', '1'), event('Pending', '2')] },
      `Disk root: Unheard without a move since ${since}. CDI says: ProvisioningFailed: why.`,
    ],
    [
      'the last condition',
      at(
        dv({
          phase: 'Unheard',
          conditions: [
            { ...condition('Bound', 'False', 'Pending', 'waits'), lastTransitionTime: '2' },
            { ...condition('Ready', 'False', 'x'), lastTransitionTime: '1' },
          ],
        }),
      ),
      `Disk root: Unheard without a move since ${since}. CDI says: Bound=False: Pending: waits.`,
    ],
  ])('%s', (_what, stalled, sentence) => expect(diagnose(stalled)).toBe(sentence));
});
