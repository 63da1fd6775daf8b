import { applyJsonPatch } from '../../../simulator/apiserver/patches';
import { type Holder, lockPatch, unlockStep } from '../../../src/clone/lock';
import { isOn, savedPower, whyNotOff } from '../../../src/clone/power';
import type { VirtualMachine, VirtualMachineInstance } from '../../../src/clone/resources';
import { vmRow } from '../../../src/clone/status';
import { startStrategyFor } from '../../../src/clone/target';
import { MARKS } from '../../../src/contract';
import { CLONE_UID, INSTALLATION, launcher, type Patch, pod, vm, vmi, withTemplateSpec } from '../objects';
import { asked, blockersOf, cloned, type Rule } from './rule';

const HOLDER: Holder = {
  cloneUid: CLONE_UID,
  installation: INSTALLATION,
  workflowId: 'clone/shop/db-clone',
  since: '2026-01-01T00:00:00Z',
};

function locked(source: VirtualMachine, instance?: VirtualMachineInstance): VirtualMachine {
  return applyJsonPatch(source, lockPatch(source, instance, HOLDER)) as VirtualMachine;
}

function unlocked(source: VirtualMachine): VirtualMachine {
  const step = unlockStep(source, HOLDER);
  if (step.do !== 'patch') throw new Error(`no patch but ${step.do}`);
  return applyJsonPatch(source, step.operations) as VirtualMachine;
}

const legacy = (running: boolean) => vm({ spec: { running, runStrategy: undefined } });
const ended = vmi({ status: { phase: 'Succeeded' } });

/** Nothing of what says whether it shall run is touched, from the lock to the unlock. */
function isUntouched(source: VirtualMachine, instance?: VirtualMachineInstance): void {
  const held = locked(source, instance);
  expect(held.spec).toEqual(source.spec);
  expect(savedPower(held)).toBeUndefined();
  expect(unlocked(held)).toEqual(source);
}

function blocks(expected: string, patch: Patch, instance?: Patch): () => void {
  return () => expect(blockersOf({ source: vm(patch), vmi: vmi(instance) })).toEqual([expected]);
}

const STATUSES =
  'Stopped Provisioning Starting Running Paused Stopping Terminating CrashLoopBackOff Migrating Unknown ErrorUnschedulable ErrImagePull ImagePullBackOff ErrorPvcNotFound DataVolumeError WaitingForVolumeBinding WaitingForReceiver'.split(
    ' ',
  );

const start = (runStrategy: string) =>
  cloned({ source: vm({ spec: { runStrategy } }), ...asked({ startAfterClone: true }) }).made;

export const POWER: readonly Rule[] = [
  {
    rule: '36',
    what: 'start, stop and restart are PUT on a subresource',
    shownBy: ['test/simulator/kubevirt/subresources.test.ts', 'a running VM'],
  },
  {
    rule: '40',
    what: 'Always, Once: Halted, and back by the strategy, which boots; RerunOnFailure is owed a start besides',
    check: () => {
      const rerun = unlocked(locked(vm({ spec: { runStrategy: 'RerunOnFailure' } }), vmi()));
      expect(rerun.spec.runStrategy).toBe('RerunOnFailure');
      expect(unlockStep(rerun, HOLDER)).toMatchObject({ do: 'start' });
      for (const runStrategy of ['Always', 'Once']) {
        const held = locked(vm({ spec: { runStrategy } }), vmi());
        expect(held.spec.runStrategy).toBe('Halted');
        const back = unlocked(held);
        expect(back.spec.runStrategy).toBe(runStrategy);
        expect(back.metadata.annotations).toEqual({});
        expect(isOn(back, undefined)).toBe(true);
      }
    },
  },
  {
    rule: '41',
    what: 'the deprecated field is switched by itself',
    check: () => {
      const held = locked(legacy(true), vmi());
      expect(held.spec).toMatchObject({ running: false, runStrategy: undefined });
      expect(unlocked(held).spec).toMatchObject({ running: true, runStrategy: undefined });
    },
  },
  {
    rule: '42',
    what: 'Manual: Halted, then Manual again, then a start',
    check: () => {
      const held = locked(vm({ spec: { runStrategy: 'Manual' } }), vmi());
      expect(held.spec.runStrategy).toBe('Halted');
      const back = unlocked(held);
      expect(back.spec.runStrategy).toBe('Manual');
      expect(unlockStep(back, HOLDER)).toMatchObject({ do: 'start' });
    },
  },
  {
    rule: '43',
    what: 'a source that is off is not touched',
    check: () => {
      isUntouched(vm({ spec: { runStrategy: 'Halted' } }));
      isUntouched(vm({ spec: { runStrategy: 'Manual' } }));
      isUntouched(vm({ spec: { runStrategy: 'Manual' } }), ended);
      isUntouched(vm({ spec: { runStrategy: 'Once' } }), ended);
      isUntouched(vm({ spec: { runStrategy: 'RerunOnFailure' }, status: { runStrategy: 'RerunOnFailure' } }));
      isUntouched(legacy(false));
    },
  },
  {
    rule: '44a',
    what: 'one that waits for a migration',
    check: blocks('SourceIsReceiver', { spec: { runStrategy: 'WaitAsReceiver' } }),
  },
  {
    rule: '44b',
    what: 'a paused one',
    check: () => {
      blocks('SourcePaused', { status: { printableStatus: 'Paused' } })();
      const conditions = [{ type: 'Paused', status: 'True' }];
      blocks('SourcePaused', {}, { status: { conditions } })();
    },
  },
  {
    rule: '44c',
    what: 'one on its way to another node',
    check: () => {
      blocks('SourceMigrating', {}, { status: { migrationState: {} } })();
      const arrived = vmi({ status: { migrationState: { completed: true } } });
      expect(blockersOf({ vmi: arrived })).toEqual([]);
    },
  },
  {
    rule: '44d',
    what: 'one of which a snapshot is taken',
    check: blocks('SnapshotInProgress', { status: { snapshotInProgress: 's' } }),
  },
  {
    rule: '44e',
    what: 'one that is restored',
    check: blocks('RestoreInProgress', { status: { restoreInProgress: 'r' } }),
  },
  {
    rule: '44f',
    what: 'one that is deleted',
    check: blocks('SourceDeleting', { metadata: { deletionTimestamp: 'now' } }),
  },
  {
    rule: '46a',
    what: 'what it was is saved in the very write that stops it',
    check: () => {
      const operations = lockPatch(vm(), vmi(), HOLDER);
      const paths = operations.flatMap((each) => (each.op === 'test' ? [] : [each.path]));
      expect(paths).toContain('/spec/runStrategy');
      expect(savedPower(locked(vm(), vmi()))?.setting).toEqual({ runStrategy: 'Always' });
    },
  },
  {
    rule: '46b',
    what: 'off is off when no pod that has not ended has its disks, and that pod is named',
    check: () => {
      const why = (phase: string) =>
        whyNotOff(
          vm({ spec: { runStrategy: 'Halted' } }),
          undefined,
          [pod('backup', 'db-root', { status: { phase } })],
          new Set(['db-root']),
        );
      for (const phase of ['Pending', 'Running', 'Unknown']) expect(why(phase)).toContain('pod backup');
      for (const phase of ['Succeeded', 'Failed']) expect(why(phase)).toBeUndefined();
    },
  },
  {
    rule: '46c',
    what: 'a pod that does not end with the VM stands against the clone; one that plugs in its disks does not',
    check: () => {
      const owner = (kind: string, uid: string) => ({
        metadata: { ownerReferences: [{ kind, name: 'x', uid }] },
      });
      const plug = pod('hp', 'db-logs', owner('Pod', 'virt-launcher-db-x-uid'));
      expect(blockersOf({ pods: [launcher(), plug] })).toEqual([]);
      expect(blockersOf({ pods: [launcher(), pod('backup', 'db-logs')] })).toEqual(['SourceDiskInUse']);
    },
  },
  {
    rule: '47a',
    what: 'the guest has its grace period and a minute, at least two',
    check: () => {
      const time = (terminationGracePeriodSeconds?: number) =>
        cloned({ source: withTemplateSpec({ terminationGracePeriodSeconds }) }).plan.shutdownTimeoutSeconds;
      expect([time(), time(0), time(600)]).toEqual([120, 120, 660]);
    },
  },
  {
    rule: '47b',
    what: 'its power is cut where that was asked for, and only there',
    shownBy: [
      'test/activities/shut-down-source.test.ts',
      'SourceShutdownFailed, with what keeps it and what to do; its power is not cut',
      'with force its power is cut, once',
      'not before the deadline',
    ],
  },
  {
    rule: '48a',
    what: 'the clone is made so that nothing boots it',
    check: () => {
      for (const runStrategy of ['Always', 'Once', 'RerunOnFailure', 'Halted', 'Manual'])
        expect(isOn(start(runStrategy), undefined)).toBe(false);
    },
  },
  {
    rule: '48b',
    what: 'one to be started has the source’s strategy, also while a lock keeps that off',
    check: () => {
      for (const runStrategy of ['Always', 'Once', 'RerunOnFailure', 'Manual']) {
        expect(start(runStrategy).metadata.annotations?.[MARKS.startStrategy]).toBe(runStrategy);
        const source = locked(vm({ spec: { runStrategy } }), vmi());
        const { made } = cloned({ source, vmi: undefined, ...asked({ startAfterClone: true }) });
        expect(made.metadata.annotations?.[MARKS.startStrategy]).toBe(runStrategy);
      }
    },
  },
  {
    rule: '48c',
    what: 'Manual stays Manual, and is started by a PUT',
    shownBy: ['test/activities/finish-target.test.ts', "['manual-started', MANUAL, true"],
  },
  {
    rule: '48d',
    what: 'of a source that is Halted it is Always',
    check: () => expect(startStrategyFor('Halted')).toBe('Always'),
  },
  {
    rule: '48e',
    what: 'one that is not to be started: Manual stays Manual, all else is Halted',
    check: () => {
      for (const runStrategy of ['Always', 'Once', 'RerunOnFailure', 'Halted', 'Manual']) {
        const { made } = cloned({ source: vm({ spec: { runStrategy } }) });
        expect(made.spec.runStrategy).toBe(runStrategy === 'Manual' ? 'Manual' : 'Halted');
        expect(made.metadata.annotations).not.toHaveProperty([MARKS.startStrategy]);
      }
      expect(cloned({ source: legacy(true) }).made.spec).toMatchObject({ runStrategy: 'Halted' });
    },
  },
  {
    rule: '49',
    what: 'each of the 17 statuses is known',
    check: () => {
      expect(new Set(STATUSES).size).toBe(17);
      const unknown = STATUSES.filter(
        (printableStatus) => vmRow({ vm: vm({ status: { printableStatus } }) }).filterGroup === 'Unknown',
      );
      expect(unknown).toEqual(['Unknown']);
    },
  },
];
