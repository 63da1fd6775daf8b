import type { StorageClass, StorageProfile } from '../../src/clone/resources';
import { copiedClaimSpec, copyMethod, type Storage } from '../../src/clone/storage';
import { claim, type Patch } from './objects';

type Set = { accessModes?: string[]; volumeMode?: string };
const BLOCK_RWX = { accessModes: ['ReadWriteMany'], volumeMode: 'Block' };
const FILE_RWO = { accessModes: ['ReadWriteOnce'], volumeMode: 'Filesystem' };

function storage(sets: Set[] = [], profile: Patch = {}): Storage {
  const storageClass = (name: string, provisioner: string, more: Partial<StorageClass> = {}) => ({
    metadata: { name },
    provisioner,
    ...more,
  });
  const profileOf = (name: string, status: Patch): StorageProfile => ({ metadata: { name }, status });
  return {
    storageClasses: [
      storageClass('fast', 'a.example', { allowVolumeExpansion: true }),
      storageClass('faster', 'a.example'),
      storageClass('other', 'b.example'),
    ],
    storageProfiles: [
      profileOf('fast', { cloneStrategy: 'csi-clone' }),
      profileOf('faster', { cloneStrategy: 'csi-clone', claimPropertySets: sets, ...profile }),
      profileOf('other', { cloneStrategy: 'csi-clone' }),
    ],
  };
}

const live = (patch: Patch = {}) => claim('db-root', { spec: patch });

describe('the claim of a copy (rules 60)', () => {
  test.each<[string, Patch, object]>([
    ['is like the live one', {}, { accessModes: ['ReadWriteMany'], volumeMode: 'Block', size: '10Gi' }],
    ['without a volume mode is a file system', { volumeMode: undefined }, { volumeMode: 'Filesystem' }],
    [
      'without an access mode is for one node',
      { accessModes: undefined },
      { accessModes: ['ReadWriteOnce'] },
    ],
    // CDI datavolume-validate.go: PVC multiple accessModes
    [
      'has one access mode, the ablest',
      { accessModes: ['ReadOnlyMany', 'ReadWriteOnce', 'ReadWriteMany'] },
      { accessModes: ['ReadWriteMany'] },
    ],
    ['keeps one that is not known', { accessModes: ['ReadWriteNever'] }, { accessModes: ['ReadWriteNever'] }],
  ])('%s', (_what, patch, expected) => {
    expect(copiedClaimSpec(live(patch), storage())).toMatchObject({ storageClassName: 'fast', ...expected });
    expect(copiedClaimSpec(live(patch), storage(), 'fast')).toMatchObject(expected);
  });

  test.each<[string, Set[], Patch, object]>([
    ['that offers the same', [FILE_RWO, BLOCK_RWX], {}, { ...BLOCK_RWX, size: '10Gi' }],
    ['of which nothing is known', [], {}, { ...BLOCK_RWX, size: '10Gi' }],
    [
      'with fewer access modes',
      [{ accessModes: ['ReadWriteOnce'], volumeMode: 'Block' }, FILE_RWO],
      {},
      { accessModes: ['ReadWriteOnce'], volumeMode: 'Block', size: '10Gi' },
    ],
    // 10Gi / 0.94, in whole MiB
    ['that has file systems alone: the image must fit', [FILE_RWO], {}, { ...FILE_RWO, size: '11423186944' }],
    [
      'that has block devices alone',
      [BLOCK_RWX],
      { volumeMode: 'Filesystem', accessModes: ['ReadWriteOnce'] },
      { ...BLOCK_RWX, size: '10Gi' },
    ],
    ['whose sets say nothing of modes', [{}], {}, { ...FILE_RWO, size: '11423186944' }],
  ])('on another class %s', (_what, sets, patch, expected) => {
    expect(copiedClaimSpec(live(patch), storage(sets), 'faster')).toEqual({
      storageClassName: 'faster',
      ...expected,
    });
  });

  test('a file system that takes more makes a larger volume', () => {
    const file = live({ volumeMode: 'Filesystem', accessModes: ['ReadWriteOnce'] });
    const filesystemOverhead = { global: '0.1', storageClass: { faster: '0.55', other: '0.05' } };
    const given = { ...storage([FILE_RWO]), filesystemOverhead };
    expect(copiedClaimSpec(file, given, 'faster').size).toBe(String(20 * 2 ** 30));
    expect(copiedClaimSpec(file, given, 'other').size).toBe('10Gi');
  });

  test('on another class it is as large as the volume really is', () => {
    const grown = claim('db-root', { status: { capacity: { storage: '10.5Gi' } } });
    expect(copiedClaimSpec(grown, storage(), 'other').size).toBe('10.5Gi');
    expect(copiedClaimSpec(grown, storage()).size).toBe('10Gi');
  });

  // CDI pvc-clone-controller.go, validateContentTypes
  test.each([
    ['archive', { contentType: 'archive' }],
    ['kubevirt', {}],
  ])('holds what its source holds: %s', (type, expected) => {
    const annotations = { 'cdi.kubevirt.io/storage.contentType': type };
    const { contentType } = copiedClaimSpec(claim('db-root', { metadata: { annotations } }), storage());
    expect({ ...(contentType && { contentType }) }).toEqual(expected);
  });

  test.each([
    ['of the class', { global: '0.06', storageClass: { faster: '0.5' } }, 20 * 2 ** 30],
    ['of all', { global: '0.2' }, 12.5 * 2 ** 30],
  ])('the overhead %s is what CDI says', (_whose, filesystemOverhead, bytes) => {
    const given = { ...storage([FILE_RWO]), filesystemOverhead };
    expect(copiedClaimSpec(live(), given, 'faster').size).toBe(String(bytes));
  });
});

describe('the method that CDI will choose (CDI controller/clone/planner.go)', () => {
  const target = (patch: Patch = {}) => ({ ...copiedClaimSpec(live(), storage()), ...patch });
  const method = (given: Storage, to: object, from: Patch = {}) =>
    copyMethod(given, claim('db-root', from), to as ReturnType<typeof target>);

  test.each<[string, Patch, string]>([
    ['csi-clone', { cloneStrategy: 'csi-clone' }, 'csi-clone'],
    ['copy', { cloneStrategy: 'copy', snapshotClass: 's' }, 'copy'],
    ['snapshot', { cloneStrategy: 'snapshot', snapshotClass: 's' }, 'snapshot'],
    ['snapshot, without a class for it', { cloneStrategy: 'snapshot' }, 'copy'],
    ['nothing, with a snapshot class', { cloneStrategy: undefined, snapshotClass: 's' }, 'snapshot'],
    ['nothing', { cloneStrategy: undefined }, 'copy'],
    ['something new', { cloneStrategy: 'magic' }, 'copy'],
  ])('the profile says %s', (_says, profile, expected) => {
    const to = target({ storageClassName: 'faster' });
    expect(method(storage([], profile), to)).toBe(expected);
  });

  test('a class without a profile', () => {
    expect(method({ ...storage(), storageProfiles: [] }, target())).toBe('copy');
  });

  test.each<[string, Patch, Patch, string]>([
    ['another class of the same driver', { storageClassName: 'faster' }, {}, 'csi-clone'],
    ['IncompatibleProvisioners', { storageClassName: 'other' }, {}, 'copy'],
    ['IncompatibleVolumeModes', { volumeMode: 'Filesystem' }, {}, 'copy'],
    ['it grows, and can', { size: '11Gi' }, {}, 'csi-clone'],
    ['NoVolumeExpansion', { size: '11Gi', storageClassName: 'faster' }, {}, 'copy'],
    [
      'it is asked for more than the volume has had for long',
      { storageClassName: 'faster' },
      { status: { capacity: { storage: '9Gi' } } },
      'copy',
    ],
  ])('%s', (_what, to, from, expected) => expect(method(storage(), target(to), from)).toBe(expected));
});
