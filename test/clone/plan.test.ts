import { type PlanFacts, planClone } from '../../src/clone/plan';
import type { Migration, Pod, VirtualMachine } from '../../src/clone/resources';
import { cloneWorkflowId, MARKS } from '../../src/contract';
import {
  acrossNamespaces,
  CLONE_UID,
  claim,
  facts,
  launcher,
  leftoverDisk,
  type Patch,
  pod,
  RUN_ID,
  SOURCE_UID,
  target,
  vm,
  vmi,
  withTemplateSpec,
  withVolume,
} from './objects';

const migration = (vmiName: string, phase?: string): Migration => ({
  metadata: { name: 'm', namespace: 'shop' },
  spec: { vmiName },
  ...(phase && { status: { phase } }),
});

const types = (plan: { blockers: { type: string }[] }) => plan.blockers.map(({ type }) => type);

test('a clone that nothing stands against', () => {
  const plan = planClone(facts());
  expect(plan).toMatchObject({
    sourceUid: SOURCE_UID,
    sourceOn: true,
    blockers: [],
    warnings: [],
    shutdownTimeoutSeconds: 120,
    leftover: undefined,
    disks: [
      {
        name: 'root',
        kind: 'dataVolume',
        sourceClaim: 'db-root',
        dataVolume: 'db-clone-root',
        bytes: 10 * 2 ** 30,
        method: 'csi-clone',
        storageClass: 'fast',
      },
      {
        name: 'logs',
        kind: 'persistentVolumeClaim',
        sourceClaim: 'db-logs',
        dataVolume: 'db-clone-logs',
        bytes: 2 * 2 ** 30,
      },
    ],
    // rules 60: carried from the live claim
    claimSpecs: {
      root: { accessModes: ['ReadWriteMany'], volumeMode: 'Block', storageClassName: 'fast', size: '10Gi' },
      logs: { size: '2Gi' },
    },
  });
});

test('a plan is plain JSON and leaves its facts as they were', () => {
  const given = facts();
  const before = JSON.stringify(given);
  const plan = planClone(given);
  expect(JSON.parse(JSON.stringify(plan))).toEqual(JSON.parse(JSON.stringify(plan)));
  expect(JSON.stringify(given)).toBe(before);
});

test('a missing source is the only thing said', () => {
  const plan = planClone(facts({ source: undefined, targetNamespaceExists: false }));
  expect(plan.blockers).toEqual([{ type: 'SourceNotFound', message: expect.stringContaining('db') }]);
  expect(plan.disks).toEqual([]);
});

describe('the target', () => {
  const to = (namespace: string, name: string): Partial<PlanFacts> => ({
    request: { ...facts().request, target: { namespace, name } },
  });
  const noInstallation = { labels: { [MARKS.installation]: 'another' } };
  const cases: [string, Partial<PlanFacts>, string[], RegExp?][] = [
    ['a name that is none', to('shop', 'Db_Clone'), ['InvalidName']],
    [
      'a name that KubeVirt accepts and can not run (observed 43)',
      to('shop', 'a'.repeat(64)),
      ['InvalidName'],
    ],
    ['the source itself', { ...to('shop', 'db'), targetVm: vm() }, ['TargetIsSource']],
    ['the same name elsewhere', to('lab', 'db'), []],
    [
      'a namespace that does not exist',
      { ...to('lab', 'db'), targetNamespaceExists: false },
      ['TargetNamespaceNotFound'],
    ],
    // rules 70: a taken name must never be reused
    ['a VM of that name', { targetVm: vm({ metadata: { name: 'db-clone' } }) }, ['NameTaken'], /already/],
    [
      'a VM that is leaving',
      { targetVm: vm({ metadata: { deletionTimestamp: 'now' } }) },
      ['NameTaken'],
      /being deleted/,
    ],
    // rules 60, observed 38: a claim that we don't own
    ['a claim of a planned name', { targetClaims: [claim('db-clone-root')] }, ['NameTaken'], /db-clone-root/],
    [
      'a claim that is leaving',
      { targetClaims: [claim('db-clone-root', { metadata: { deletionTimestamp: 'now' } })] },
      ['NameTaken'],
      /still being deleted/,
    ],
    [
      'a DataVolume and its claim',
      {
        targetClaims: [claim('db-clone-root')],
        targetDataVolumes: [{ metadata: { name: 'db-clone-root' }, spec: {} }],
      },
      ['NameTaken'],
    ],
    [
      'two disks',
      { targetClaims: [claim('db-clone-root'), claim('db-clone-logs')] },
      ['NameTaken', 'NameTaken'],
    ],
    // architecture, Identity: a retry removes an earlier run's leftovers
    ['our own leftover', { targetVm: target('copying') }, []],
    [
      'our own leftover with its disks',
      {
        targetVm: target('copying'),
        targetClaims: [leftoverDisk('db-clone-root')],
        targetDataVolumes: [leftoverDisk('db-clone-root')],
      },
      [],
    ],
    [
      "our own leftover, and a stranger's disk",
      { targetVm: target('copying'), targetClaims: [claim('db-clone-root')] },
      ['NameTaken'],
    ],
    ['our own, copied', { targetVm: target('copied') }, ['NameTaken'], /about to be finished/],
    ['our own, finished', { targetVm: target(undefined) }, ['NameTaken'], /already/],
    [
      'disks of a finished clone whose VM is gone',
      { targetClaims: [leftoverDisk('db-clone-root')] },
      ['NameTaken'],
    ],
    ["another installation's", { targetVm: target('copying', { metadata: noInstallation }) }, ['NameTaken']],
    [
      'marks of another workflow (copied by hand)',
      {
        targetVm: target('copying', {
          metadata: { annotations: { [MARKS.workflowId]: cloneWorkflowId({ namespace: 'x', name: 'y' }) } },
        }),
      },
      ['NameTaken'],
    ],
    [
      'a leftover for an API that does not know its installation',
      { targetVm: target('copying'), installation: undefined },
      ['NameTaken'],
    ],
  ];
  test.each(cases.map(([what, given, expected, message = /./]) => ({ what, given, expected, message })))(
    '$what',
    ({ given, expected, message }) => {
      const plan = planClone(facts(given));
      expect(types(plan)).toEqual(expected);
      for (const blocker of plan.blockers) expect(blocker.message).toMatch(message);
    },
  );

  test('tells whose leftover it is', () => {
    expect(planClone(facts({ targetVm: target('copying') })).leftover).toEqual({
      cloneUid: CLONE_UID,
      runId: RUN_ID,
      vmUid: 'target-uid',
    });
    expect(planClone(facts({ targetVm: target('copied') })).leftover).toBeUndefined();
  });
});

describe('what becomes of the source', () => {
  const owner = { apiVersion: 'v1', kind: 'KubevirtMachine', name: 'm', uid: 'm', controller: true };
  test.each<[string, Partial<PlanFacts>, string[]]>([
    [
      'an image that is written to',
      { source: withVolume({ containerDisk: { image: 'i' } }) },
      ['SourceLosesEphemeralData'],
    ],
    ['an image on a CD', { source: withVolume({ containerDisk: { image: 'i' } }, { cdrom: {} }) }, []],
    [
      'a scratch disk',
      { source: withVolume({ emptyDisk: { capacity: '1Gi' } }) },
      ['SourceLosesEphemeralData'],
    ],
    [
      'a scratch disk of a VM that is off',
      {
        source: vm({ spec: { ...withVolume({ emptyDisk: {} }).spec, runStrategy: 'Halted' } }),
        vmi: undefined,
      },
      [],
    ],
    ['a controller', { source: vm({ metadata: { ownerReferences: [owner] } }) }, ['SourceManaged']],
    [
      'Argo CD',
      { source: vm({ metadata: { annotations: { 'argocd.argoproj.io/tracking-id': 'x' } } }) },
      ['SourceManaged'],
    ],
    [
      'changes that wait',
      { source: vm({ status: { conditions: [{ type: 'RestartRequired', status: 'True' }] } }) },
      ['SourceRestartApplies'],
    ],
  ])('%s', (_what, given, expected) =>
    expect(planClone(facts(given)).warnings.map(({ type }) => type)).toEqual(expected),
  );

  test('one that starts paused is not cloned while it is on; off, its clone is told of', () => {
    const paused = (runStrategy: string) =>
      vm({ spec: { runStrategy, template: { spec: { startStrategy: 'Paused' } } } });
    expect(types(planClone(facts({ source: paused('Always') })))).toEqual(['SourceStartsPaused']);
    const request = { ...facts().request, startAfterClone: true };
    const off = planClone(facts({ request, source: paused('Halted'), vmi: undefined }));
    expect(off.blockers).toEqual([]);
    expect(off.warnings.map(({ type }) => type)).toContain('CloneStartsPaused');
  });

  test.each<[string, object, string[]]>([
    ['by name', { networkData: 'ethernets: {eth0: {dhcp4: true}}' }, []],
    ['by MAC', { networkData: 'match: {macaddress: "02:00:00:00:00:01"}' }, ['NetworkDataNamesMac']],
    ['by MAC, encoded', { networkDataBase64: btoa('mac: 02:00:00:00:00:01') }, ['NetworkDataNamesMac']],
    ['that can not be read', { networkDataBase64: '%' }, []],
  ])('network data that choose an interface %s', (_how, cloudInitNoCloud, expected) => {
    const named = (options: object) =>
      planClone(facts({ source: withVolume({ cloudInitNoCloud }), request: { ...facts().request, options } }))
        .warnings.map(({ type }) => type)
        .filter((type) => type === 'NetworkDataNamesMac');
    expect(named({})).toEqual(expected);
    expect(named({ macAddresses: 'keep' })).toEqual([]);
  });
});

describe('what a VM names besides its volumes', () => {
  const sidecars = (...list: unknown[]) => ({
    spec: {
      template: { metadata: { annotations: { 'hooks.kubevirt.io/hookSidecars': JSON.stringify(list) } } },
    },
  });
  const claims = (...resourceClaims: object[]) => withTemplateSpec({ resourceClaims });
  test.each<[string, VirtualMachine, string[], string[]]>([
    ['a hook of an image alone', vm(sidecars({ image: 'i' }, null)), [], []],
    ['a hook that mounts a claim', vm(sidecars({ pvc: { name: 'c' } })), ['HookSidecarClaim'], []],
    [
      'a hook that reads a ConfigMap',
      vm(sidecars({ configMap: { name: 'c' } })),
      [],
      ['HookSidecarResolvesElsewhere'],
    ],
    [
      'hooks that are no list',
      vm({ spec: { template: { metadata: { annotations: { 'hooks.kubevirt.io/hookSidecars': '{' } } } } }),
      [],
      [],
    ],
    [
      'devices of a template',
      claims({ name: 'a', resourceClaimTemplateName: 't' }),
      [],
      ['HostDevices', 'ResourceClaimTemplateElsewhere'],
    ],
    [
      'a device that is claimed already',
      claims({ name: 'a', resourceClaimName: 'c' }),
      ['ResourceClaimShared'],
      ['HostDevices'],
    ],
  ])('%s', (_what, source, blockers, warnings) => {
    const plan = planClone(acrossNamespaces(source));
    expect(types(plan)).toEqual(blockers);
    expect(plan.warnings.map(({ type }) => type)).toEqual(warnings);
  });
});

describe('the source', () => {
  const mark = (annotations: Patch) => vm({ metadata: { annotations } });
  test.each<[string, Partial<PlanFacts>, string[]]>([
    ['a clone in progress', { source: mark({ [MARKS.inProgress]: 'copying' }) }, ['SourceIsCloneInProgress']],
    ['a lock that is no list', { source: mark({ [MARKS.lock]: 'mine!' }) }, ['LockUnreadable']],
    // rules 44
    ['deleting', { source: vm({ metadata: { deletionTimestamp: 'now' } }) }, ['SourceDeleting']],
    ['WaitAsReceiver', { source: vm({ spec: { runStrategy: 'WaitAsReceiver' } }) }, ['SourceIsReceiver']],
    ['paused', { source: vm({ status: { printableStatus: 'Paused' } }) }, ['SourcePaused']],
    ['migrating', { source: vm({ status: { printableStatus: 'Migrating' } }) }, ['SourceMigrating']],
    ['asked to migrate', { migrations: [migration('db', 'Pending')] }, ['SourceMigrating']],
    ['asked to migrate, and nobody has looked yet', { migrations: [migration('db')] }, ['SourceMigrating']],
    ['asked in vain', { migrations: [migration('db', 'Failed'), migration('web', 'Running')] }, []],
    ['asked when it ran, and off', { vmi: undefined, migrations: [migration('db', 'Pending')] }, []],
    ['in a snapshot', { source: vm({ status: { snapshotInProgress: 's' } }) }, ['SnapshotInProgress']],
    ['in a restore', { source: vm({ status: { restoreInProgress: 'r' } }) }, ['RestoreInProgress']],
    // observed 26
    ['a missing claim', { sourceClaims: [claim('db-root')] }, ['SourceDiskMissing']],
  ])('%s', (_what, given, expected) => expect(types(planClone(facts(given)))).toEqual(expected));

  test.each<[string, Patch, string]>([
    ['being deleted', { metadata: { deletionTimestamp: 'now' } }, 'SourceDiskDeleting'],
    ['lost', { status: { phase: 'Lost' } }, 'SourceDiskLost'],
    ['not bound yet', { status: { phase: 'Pending' } }, 'SourceDiskNotReady'],
    ['without a class', { spec: { storageClassName: '' } }, 'StorageClassMissing'],
    // observed 36: ErrClaimNotValid (no such class)
    ['of a class that is gone', { spec: { storageClassName: 'old' } }, 'StorageClassNotFound'],
  ])('a claim %s', (_what, patch, expected) => {
    const given = facts({ sourceClaims: [claim('db-root', patch), claim('db-logs')] });
    expect(types(planClone(given))).toEqual([expected]);
  });

  test('a claim that does not say its size', () => {
    const sizeless = claim('db-root');
    sizeless.spec.resources = {};
    expect(types(planClone(facts({ sourceClaims: [sizeless, claim('db-logs')] })))).toEqual([
      'SourceDiskNotReady',
    ]);
  });

  test('everything that stands against it is said at once', () => {
    const given = facts({
      source: vm({ status: { printableStatus: 'Paused' } }),
      targetVm: vm(),
      sourceClaims: [],
    });
    expect(types(planClone(given))).toEqual([
      'NameTaken',
      'SourcePaused',
      'SourceDiskMissing',
      'SourceDiskMissing',
    ]);
  });
});

// CDI v1beta1/utils.go, IsPopulated
test.each<[string, string | undefined, string[]]>([
  ['Succeeded', 'db-root', []],
  ['ImportScheduled', 'db-root', ['SourceDiskNotReady']],
  ['', 'db-root', ['SourceDiskNotReady']],
  ['Failed', undefined, []],
])('a DataVolume that is "%s" and has made %s', (phase, made, expected) => {
  const ownerReferences = made ? [{ apiVersion: 'v1', kind: 'DataVolume', name: made, uid: 'dv' }] : [];
  const sourceDataVolumes = [{ metadata: { name: 'db-root' }, spec: {}, status: { phase } }];
  const sourceClaims = [claim('db-root', { metadata: { ownerReferences } }), claim('db-logs')];
  expect(types(planClone(facts({ sourceDataVolumes, sourceClaims })))).toEqual(expected);
});

describe('pods on the source disks (rules 46)', () => {
  const component = (value: string) => ({ metadata: { labels: { 'cdi.kubevirt.io': value } } });
  const ownedBy = (kind: string, name: string, uid: string) => ({
    metadata: { ownerReferences: [{ apiVersion: 'v1', kind, name, uid }] },
  });
  test.each<[string, Pod, string[]]>([
    ['a backup job', pod('backup', 'db-logs'), ['SourceDiskInUse']],
    ['a pending pod', pod('backup', 'db-logs', { status: { phase: 'Pending' } }), ['SourceDiskInUse']],
    ['a pod that has ended', pod('backup', 'db-logs', { status: { phase: 'Succeeded' } }), []],
    ['a pod that has failed', pod('backup', 'db-logs', { status: { phase: 'Failed' } }), []],
    ['a pod on other claims', pod('web', 'web-data'), []],
    [
      'a pod that only reads',
      pod('scan', 'db-logs', {
        spec: { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'db-logs', readOnly: true } }] },
      }),
      [],
    ],
    [
      'the pod of a disk plugged into the VM',
      pod('hp-1', 'db-logs', ownedBy('Pod', 'virt-launcher-db-x', 'virt-launcher-db-x-uid')),
      [],
    ],
    [
      "another VM's launcher",
      pod('virt-launcher-x', 'db-logs', ownedBy('VirtualMachineInstance', 'x', 'x')),
      ['SourceDiskInUse'],
    ],
    [
      "a launcher of the VM's former life",
      pod('virt-launcher-db-0', 'db-root', ownedBy('VirtualMachineInstance', 'db', 'old-vmi')),
      [],
    ],
    ["another clone's reading pod", pod('x-source-pod', 'db-root', component('cdi-clone-source')), []],
    [
      'an import that still runs',
      pod('importer-db-root', 'db-root', component('importer')),
      ['SourceDiskNotReady'],
    ],
    [
      'an upload that still runs',
      pod('cdi-upload-db-root', 'db-root', component('cdi-upload-server')),
      ['SourceDiskNotReady'],
    ],
  ])('%s', (_what, given, expected) => {
    const plan = planClone(facts({ pods: [launcher(), given] }));
    expect(types(plan)).toEqual(expected);
    const owner = given.metadata.ownerReferences?.[0];
    if (expected.length > 0) expect(plan.blockers[0]?.message).toContain(owner?.name ?? given.metadata.name);
  });
});

describe('another namespace (rules 31-33)', () => {
  const typed = (what: 'instancetype' | 'preference', kind?: string): VirtualMachine =>
    vm({ spec: { [what]: { name: 'u1.medium', ...(kind && { kind }) } } });
  test.each<[string, VirtualMachine, string[]]>([
    ['nothing that is bound to one', vm(), []],
    ['a cluster instancetype', typed('instancetype', 'VirtualMachineClusterInstancetype'), []],
    ['an instancetype without kind: of the cluster', typed('instancetype'), []],
    [
      'a namespaced instancetype',
      typed('instancetype', 'VirtualMachineInstancetype'),
      ['InstancetypeNotAvailable'],
    ],
    [
      'in the plural, as the API accepts it',
      typed('instancetype', 'virtualmachineinstancetypes'),
      ['InstancetypeNotAvailable'],
    ],
    ['a namespaced preference', typed('preference', 'VirtualMachinePreference'), ['PreferenceNotAvailable']],
  ])('%s', (_what, source, expected) => {
    expect(types(planClone(acrossNamespaces(source)))).toEqual(expected);
    expect(types(planClone(facts({ source })))).toEqual([]);
  });
});

describe('warnings', () => {
  const volumes = (source: Patch) => [
    ...(vm().spec.template.spec.volumes ?? []),
    { name: 'extra', ...source },
  ];
  const started = (source: VirtualMachine): PlanFacts => {
    const given = facts({ source });
    return { ...given, request: { ...given.request, startAfterClone: true } };
  };
  const late = {
    storageProfiles: [],
    storageClasses: [
      { metadata: { name: 'fast' }, provisioner: 'p', volumeBindingMode: 'WaitForFirstConsumer' },
    ],
  };
  test.each<[string, PlanFacts, string[]]>([
    [
      '23 plugged into the VMI alone',
      facts({ vmi: vmi({ spec: { volumes: volumes({ dataVolume: { name: 'x', hotpluggable: true } }) } }) }),
      ['HotplugVolumeNotCopied'],
    ],
    [
      '23 not one that is in the spec, too',
      facts({
        source: withTemplateSpec({
          volumes: [
            ...(vm().spec.template.spec.volumes ?? []).slice(0, 1),
            { name: 'logs', dataVolume: { name: 'db-logs', hotpluggable: true } },
          ],
        }),
        vmi: vmi({
          spec: { volumes: [{ name: 'logs', dataVolume: { name: 'db-logs', hotpluggable: true } }] },
        }),
      }),
      [],
    ],
    [
      "23 not the VMI's own further volumes",
      facts({ vmi: vmi({ spec: { volumes: volumes({ emptyDisk: {} }) } }) }),
      [],
    ],
    [
      '16 cloud-init, NoCloud',
      facts({ source: withTemplateSpec({ volumes: volumes({ cloudInitNoCloud: {} }) }) }),
      ['CloudInitRunsAgain'],
    ],
    [
      '16 cloud-init, ConfigDrive',
      started(withTemplateSpec({ volumes: volumes({ cloudInitConfigDrive: {} }) })),
      ['CloudInitRunsAgain'],
    ],
    ['71 a guest that nothing renews, started', started(vm()), ['GuestIdentityCopied']],
    ['71 the same, not started', facts(), []],
    ['71 sysprep renews it', started(withTemplateSpec({ volumes: volumes({ sysprep: {} }) })), []],
    [
      '31 host devices',
      facts({ source: withTemplateSpec({ domain: { devices: { hostDevices: [{ name: 'd' }] } } }) }),
      ['HostDevices'],
    ],
    [
      '31 GPUs',
      facts({ source: withTemplateSpec({ domain: { devices: { gpus: [{ name: 'd' }] } } }) }),
      ['HostDevices'],
    ],
    [
      '31 node selector',
      facts({ source: withTemplateSpec({ nodeSelector: { zone: 'a' } }) }),
      ['NodePlacement'],
    ],
    [
      '31 affinity',
      facts({ source: withTemplateSpec({ affinity: { nodeAffinity: {} } }) }),
      ['NodePlacement'],
    ],
    [
      '31 a network without namespace, elsewhere',
      acrossNamespaces(withTemplateSpec({ networks: [{ name: 'n', multus: { networkName: 'vlan' } }] })),
      ['NetworkResolvesElsewhere'],
    ],
    [
      '31 a network with its namespace, elsewhere',
      acrossNamespaces(withTemplateSpec({ networks: [{ name: 'n', multus: { networkName: 'net/vlan' } }] })),
      [],
    ],
    [
      '32 instancetype',
      facts({ source: vm({ spec: { instancetype: { name: 'u1' } } }) }),
      ['InstancetypeAsOfNow'],
    ],
    ['57 several disks bound before there is a node', facts(late), ['DisksBoundEarly']],
    [
      '57 the storage itself clones them beside their source',
      facts({ ...late, storageProfiles: facts().storageProfiles }),
      [],
    ],
  ])('%s', (_rule, given, expected) => {
    const { warnings, blockers } = planClone(given);
    expect(blockers).toEqual([]);
    expect(warnings.map(({ type }) => type)).toEqual(expected);
  });
});

describe('power', () => {
  const saved = (strategy: string) =>
    vm({
      metadata: {
        annotations: {
          [MARKS.lock]: '[]',
          [MARKS.power]: JSON.stringify({ setting: { runStrategy: strategy }, uid: SOURCE_UID }),
        },
      },
      spec: { runStrategy: 'Halted' },
    });
  test.each<[string, Partial<PlanFacts>, boolean]>([
    ['a running VM', {}, true],
    ['a VM that is off', { source: vm({ spec: { runStrategy: 'Halted' } }), vmi: undefined }, false],
    [
      'a Manual VM whose guest has ended',
      { source: vm({ spec: { runStrategy: 'Manual' } }), vmi: vmi({ status: { phase: 'Succeeded' } }) },
      false,
    ],
    // architecture, The lock: a second clone sees Halted only because the first stopped it
    ['a VM that another clone keeps off', { source: saved('Always'), vmi: undefined }, true],
  ])('%s', (_what, given, on) => expect(planClone(facts(given)).sourceOn).toBe(on));

  test.each<[string, Patch, number | undefined, number]>([
    // architecture, Shutdown: grace period + 60, at least 120; KubeVirt's default is 30 (api/core/v1/types.go)
    ['unset', {}, undefined, 120],
    ['short', { terminationGracePeriodSeconds: 0 }, undefined, 120],
    ['long', { terminationGracePeriodSeconds: 180 }, undefined, 240],
    ['as wished, however short', { terminationGracePeriodSeconds: 180 }, 5, 5],
  ])('time to shut down, grace period %s', (_what, spec, wish, expected) => {
    const given = facts({ source: withTemplateSpec(spec) });
    given.request.options = { shutdownTimeoutSeconds: wish };
    expect(planClone(given).shutdownTimeoutSeconds).toBe(expected);
  });

  test.each<[string, Partial<PlanFacts>, number | null, RegExp]>([
    [
      'none for a VM that is off',
      { source: vm({ spec: { runStrategy: 'Halted' } }), vmi: undefined },
      0,
      /None/,
    ],
    ['no number made up, by the storage', {}, null, /120 s.*2 disks by the storage itself/],
    [
      'no number made up, over the network',
      { storageProfiles: [] },
      null,
      /2 disks over the network \(up to 12 GiB\)/,
    ],
  ])('expected downtime: %s', (_what, given, seconds, text) => {
    const { expectedDowntime } = planClone(facts(given));
    expect(expectedDowntime.seconds).toBe(seconds);
    expect(expectedDowntime.text).toMatch(text);
  });
});

describe('method of copying (CDI clone/planner.go; rules 67)', () => {
  test.each([
    ['csi-clone', { cloneStrategy: 'csi-clone' }, 'csi-clone'],
    ['snapshot', { cloneStrategy: 'snapshot', snapshotClass: 's' }, 'snapshot'],
    ['snapshot, without a snapshot class', { cloneStrategy: 'snapshot' }, 'copy'],
    ['copy', { cloneStrategy: 'copy', snapshotClass: 's' }, 'copy'],
    ['unsaid, with a snapshot class', { snapshotClass: 's' }, 'snapshot'],
    ['unsaid', {}, 'copy'],
    ['no status', undefined, 'copy'],
  ])('%s', (_what, status, method) => {
    const plan = planClone(facts({ storageProfiles: [{ metadata: { name: 'fast' }, status }] }));
    expect(plan.disks.map((disk) => disk.method)).toEqual([method, method]);
  });

  test('no profile', () => expect(planClone(facts({ storageProfiles: [] })).disks[0]?.method).toBe('copy'));
});
