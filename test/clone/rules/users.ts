import type { DiskOutcome } from '../../../src/clone/copy-outcome';
import { givenUp, stillStanding } from '../../../src/clone/standing';
import { type ClusterClient, createCaches, Kinds } from '../../../src/kubernetes';
import { target, vm } from '../objects';
import { asked, blockersOf, cloned, type Later, type Rule, warningsOf } from './rule';

export const AUTHORISATION: readonly Rule[] = [
  {
    rule: '67b',
    what: 'Secrets are read one by one, never watched',
    check: () => {
      const { start: _, stop: __, synced: ___, unread: ____, ...caches } = createCaches({} as ClusterClient);
      const watched = Object.values(caches).map((each) => each.kind.kind);
      expect(watched).toContain(Kinds.VirtualMachine.kind);
      expect(watched).not.toContain(Kinds.Secret.kind);
    },
  },
  {
    rule: '67c',
    what: 'how each disk will be copied is known from its storage profile',
    check: () => {
      for (const cloneStrategy of ['csi-clone', 'snapshot', 'copy']) {
        const status = { cloneStrategy, snapshotClass: 's' };
        const storageProfiles = [{ metadata: { name: 'fast' }, status }];
        expect(cloned({ storageProfiles }).plan.disks[0]?.method).toBe(cloneStrategy);
      }
    },
  },
];

/** A disk that CDI has complained of for so long. */
function complainedOf(seconds: number): number | undefined {
  const { disks } = cloned().plan;
  const outcomes: DiskOutcome[] = disks.map(() => ({
    state: 'copying',
    phase: 'CloneInProgress',
    percent: null,
    reason: 'Error',
    lastMove: '',
    finalAfterSeconds: 600,
  }));
  const standing = stillStanding({}, disks, outcomes, 0);
  return givenUp(standing, disks, outcomes, seconds * 1000);
}

const quotas = [
  {
    metadata: { name: 'small', namespace: 'shop' },
    spec: { hard: { 'requests.storage': '20Gi' } },
    status: { used: { 'requests.storage': '1Gi' } },
  },
];

export const COMPLAINTS: readonly Rule[] = [
  {
    rule: '70a',
    what: 'a source in use is stopped, waited for, and its user named',
    shownBy: ['test/activities/shut-down-source.test.ts', 'the pod that still uses its disks is named'],
  },
  {
    rule: '70b',
    what: 'CDI’s endless retries are ended, with its reason',
    check: () => expect([complainedOf(599), complainedOf(600)]).toEqual([undefined, 0]),
  },
  {
    rule: '70c',
    what: 'percent and bytes of each disk and of all; the time is said to be unknown',
    check: () => {
      const { disks, expectedDowntime } = cloned().plan;
      expect(disks.map(({ bytes }) => bytes)).toEqual([10 * 2 ** 30, 2 * 2 ** 30]);
      expect(expectedDowntime.seconds).toBeNull();
    },
  },
  {
    rule: '70d',
    what: 'a failure has a type and a reason',
    shownBy: ['test/workflows/failures.test.ts', 'a copy that crashes for ever: CopyFailed, with the reason'],
  },
  {
    rule: '70e',
    what: 'the workflow’s id reserves the target',
    shownBy: [
      'test/workflows/concurrent.test.ts',
      'two requests for one target: the second is refused by the workflow id',
    ],
  },
  {
    rule: '70f',
    what: 'a taken name is never used again',
    check: () => {
      expect(blockersOf({ targetVm: vm({ metadata: { name: 'db-clone' } }) })).toEqual(['NameTaken']);
      expect(blockersOf({ targetVm: target('copied') })).toEqual(['NameTaken']);
    },
  },
  {
    rule: '70g',
    what: 'a repeated attempt adopts what an earlier one has made',
    shownBy: ['test/activities/create-target.test.ts', 'the next attempt adopts what is there'],
  },
  {
    rule: '71b',
    what: 'what the guest keeps of itself is told of, and the clone may stay off',
    check: () => {
      expect(warningsOf(asked({ startAfterClone: true }))).toEqual(['GuestIdentityCopied']);
      expect(warningsOf(asked({ startAfterClone: false }))).toEqual([]);
    },
  },
  {
    rule: '71c',
    what: 'the source comes back exactly as it was',
    shownBy: ['test/workflows/power.test.ts', 'a source comes back exactly as it was'],
  },
  {
    rule: '71d',
    what: 'a quota that is too small is told beforehand, in the cluster’s own numbers',
    check: () => {
      expect(cloned({ quotas, storageProfiles: [] }).plan.blockers).toEqual([
        {
          type: 'QuotaExceeded',
          message: expect.stringContaining(
            'requested: requests.storage=24Gi, used: requests.storage=1Gi, limited: requests.storage=20Gi',
          ),
        },
      ]);
    },
  },
  {
    rule: '71e',
    what: 'the start outlives who asked for it',
    shownBy: [
      'test/activities/finish-target.test.ts',
      'its process ends, and it is run again: the clone runs and is finished',
    ],
  },
];

export const LATER: readonly Later[] = [
  { rule: '25d', what: 'Secrets that the caller may not read are not copied', why: 'authorisation' },
  { rule: '59b', what: 'the cluster itself refuses to start a locked source', why: 'policy' },
  { rule: '66', what: 'the caller’s right to clone from another namespace', why: 'authorisation' },
  { rule: '67a', what: 'the caller’s other rights, before the power is touched', why: 'authorisation' },
  { rule: '67d', what: 'the rights of the worker’s own account', why: 'authorisation' },
  { rule: '71a', what: 'missing rights are told before the power is touched', why: 'authorisation' },
  { rule: '71f', what: 'a limit for each source and storage class', why: 'limits' },
];
