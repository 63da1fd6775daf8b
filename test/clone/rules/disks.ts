import { claim } from '../objects';
import { asked, blockersOf, cloned, ELSEWHERE, type Rule } from './rule';

/** What stands against a clone where a quota of that namespace has room for so many claims more. */
function withRoom(namespace: string, claims: number): string[] {
  const count = { 'count/persistentvolumeclaims': String(claims) };
  const used = { 'count/persistentvolumeclaims': '0' };
  const quotas = [{ metadata: { name: 'q', namespace }, spec: { hard: count }, status: { used } }];
  return blockersOf({ quotas, ...asked(ELSEWHERE) });
}

const annotations = () => cloned().dataVolumes.map(({ metadata }) => metadata.annotations ?? {});

/** DataVolumes: how they are made, and go. */
export const DISKS: readonly Rule[] = [
  {
    rule: '57',
    what: 'disks do not wait for a consumer',
    check: () => {
      for (const each of annotations())
        expect(each['cdi.kubevirt.io/storage.bind.immediate.requested']).toBe('true');
    },
  },
  {
    rule: '58a',
    what: 'CDI is asked to leave a finished DataVolume',
    check: () => {
      for (const each of annotations())
        expect(each['cdi.kubevirt.io/storage.deleteAfterCompletion']).toBe('false');
    },
  },
  {
    rule: '60a',
    what: 'a copy is as large as its source asks to be, or larger',
    check: () =>
      expect(cloned().dataVolumes.map(({ spec }) => spec.pvc?.resources?.requests?.storage)).toEqual([
        '10Gi',
        '2Gi',
      ]),
  },
  {
    rule: '60b',
    what: 'access, mode and class are those of the live claim',
    check: () => {
      const live = { accessModes: ['ReadWriteOnce'], volumeMode: 'Filesystem', storageClassName: 'slow' };
      const storageClasses = [{ metadata: { name: 'slow' }, provisioner: 'p' }];
      const sourceClaims = ['db-root', 'db-logs'].map((name) => claim(name, { spec: live }));
      const [root] = cloned({ sourceClaims, storageClasses }).dataVolumes;
      expect(root?.spec.pvc).toMatchObject(live);
    },
  },
  {
    rule: '60c',
    what: 'a DataVolume is made once and never changed: an attempt after adopts it',
    shownBy: ['test/activities/create-target.test.ts', 'run twice: the same record, nothing written again'],
  },
  {
    rule: '60d',
    what: 'a claim of the name that is not ours stands against the clone',
    check: () => expect(blockersOf({ targetClaims: [claim('db-clone-root')] })).toEqual(['NameTaken']),
  },
  {
    rule: '61a',
    what: 'the source’s quota must have room for what CDI makes there on the way',
    check: () => expect([withRoom('shop', 1), withRoom('shop', 2)]).toEqual([['QuotaExceeded'], []]),
  },
  {
    rule: '61b',
    what: 'and the target’s for the disks',
    check: () => expect([withRoom('lab', 1), withRoom('lab', 2)]).toEqual([['QuotaExceeded'], []]),
  },
  {
    rule: '62a',
    what: 'what finalizers hold is waited for',
    shownBy: ['test/activities/prove-clean-up.test.ts', 'waits for what is held, and says meanwhile what'],
  },
  {
    rule: '62b',
    what: 'also what CDI has made in the source’s namespace',
    shownBy: [
      'test/workflows/cancel.test.ts',
      'across namespaces the temporary objects in the source’s namespace go too',
    ],
  },
  {
    rule: '63',
    what: 'disks are made directly and owned by the clone’s VM',
    shownBy: [
      'test/activities/create-target.test.ts',
      'makes the VM, off and in progress, with its disks owned by it',
    ],
  },
];
