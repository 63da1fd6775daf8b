import type { Identity } from '../../src/clone/identity';
import { ownedBy } from '../../src/clone/ownership';
import { planClone } from '../../src/clone/plan';
import type { VirtualMachine } from '../../src/clone/resources';
import { buildTarget, restingStrategyFor, startStrategyFor } from '../../src/clone/target';
import { type CloneInput, cloneWorkflowId, MARKS } from '../../src/contract';
import {
  CLONE_UID,
  facts,
  INSTALLATION,
  type Patch,
  RUN_ID,
  SOURCE_UID,
  targetRequest,
  vm,
  withTemplateSpec,
} from './objects';

const identity: Identity = {
  firmware: { uuid: 'fresh-uuid', serial: 'fresh-serial' },
  macs: { default: '02:11:22:33:44:55' },
};

function built(source: VirtualMachine = vm(), input: Partial<CloneInput> = {}) {
  const request = targetRequest(input);
  const plan = planClone(facts({ source, request }));
  return { plan, ...buildTarget({ source, plan, request, identity }) };
}

function build(source: VirtualMachine = vm(), input: Partial<CloneInput> = {}) {
  const { vm, dataVolumes } = built(source, input);
  return { vm, dataVolumes };
}

const marks = { labels: { [MARKS.cloneUid]: CLONE_UID, [MARKS.installation]: INSTALLATION } };

describe("the clone's VM", () => {
  test('8 has only a name, labels and annotations of its own', () => {
    const source = vm({
      metadata: {
        finalizers: ['kubevirt.io/virtualMachineControllerFinalize'],
        ownerReferences: [{ kind: 'X' }],
        managedFields: [{}],
        selfLink: '/x',
      },
    });
    const made = build(source).vm;
    expect(Object.keys(made).sort()).toEqual(['apiVersion', 'kind', 'metadata', 'spec']);
    expect(Object.keys(made.metadata).sort()).toEqual(['annotations', 'labels', 'name', 'namespace']);
    expect(JSON.stringify(made)).not.toContain(SOURCE_UID);
  });

  test('48, observed 30: is off, and has no DataVolume templates', () => {
    const { spec } = build().vm;
    expect(spec.runStrategy).toBe('Halted');
    expect(spec).not.toHaveProperty('dataVolumeTemplates');
  });

  test('observed 16: the deprecated `running` goes, for it excludes `runStrategy`', () => {
    const { spec } = build(vm({ spec: { running: true, runStrategy: undefined } })).vm;
    expect(spec).not.toHaveProperty('running');
    expect(spec.runStrategy).toBe('Halted');
  });

  test('carries everything else of the spec', () => {
    const source = withTemplateSpec({
      subdomain: 'net',
      evictionStrategy: 'LiveMigrate',
      unknownField: { a: [1] },
    });
    const { spec } = build(source).vm.spec.template;
    expect(spec).toMatchObject({
      subdomain: 'net',
      evictionStrategy: 'LiveMigrate',
      unknownField: { a: [1] },
    });
    expect(spec.domain.cpu).toEqual({ cores: 2 });
  });

  test('13, 15 has a fresh firmware identity and fresh MACs', () => {
    const source = withTemplateSpec({ domain: { firmware: { bootloader: { efi: {} } } } });
    const { domain } = build(source).vm.spec.template.spec;
    expect(domain.firmware).toEqual({ uuid: 'fresh-uuid', serial: 'fresh-serial', bootloader: { efi: {} } });
    expect(domain.devices?.interfaces).toEqual([
      { name: 'default', macAddress: '02:11:22:33:44:55', masquerade: {} },
    ]);
  });

  test('13 gets an identity even where the source has none', () => {
    const source = withTemplateSpec({ domain: { firmware: undefined } });
    expect(build(source).vm.spec.template.spec.domain.firmware).toEqual(identity.firmware);
  });

  test('12 loses a fixed host name', () =>
    expect(build(withTemplateSpec({ hostname: 'db' })).vm.spec.template.spec).not.toHaveProperty('hostname'));

  const u1 = { name: 'u1', kind: 'VirtualMachineClusterInstancetype' };
  const recorded = (name: string) => ({ name: 'u1', controllerRevisionRef: { name } });
  test.each<[string, Patch, string | undefined]>([
    ['its spec names', { spec: { instancetype: { ...u1, revisionName: 'db-u1-x' } } }, 'db-u1-x'],
    [
      'is recorded',
      { spec: { instancetype: u1 }, status: { instancetypeRef: recorded('db-u1-y') } },
      'db-u1-y',
    ],
    [
      'was recorded of another type',
      {
        spec: { instancetype: u1 },
        status: { instancetypeRef: { ...recorded('db-m1-z'), name: 'm1' } },
      },
      undefined,
    ],
    ['is not recorded yet', { spec: { instancetype: u1 } }, undefined],
  ])('32 names a copy of the revision that %s', (_how, patch, revision) => {
    const { plan, vm: made } = built(vm(patch));
    const revisionName = revision && 'db-clone-instancetype-0f0f0f0f';
    expect(made.spec.instancetype).toEqual({ ...u1, ...(revision && { revisionName }) });
    expect(plan.copies).toEqual(
      revision ? [{ kind: 'ControllerRevision', from: revision, name: revisionName }] : [],
    );
  });

  test.each<[string, string, string | undefined]>([
    // 10: set to the new name
    ['vm.kubevirt.io/name', 'db', 'db-clone'],
    ['kubevirt.io/vm', 'whatever', 'db-clone'],
    ['kubevirt.io/domain', 'db', 'db-clone'],
    ['harvesterhci.io/vmName', 'db', 'db-clone'],
    ['app', 'db', 'db-clone'],
    ['app.kubernetes.io/name', 'db', 'db-clone'],
    ['app.kubernetes.io/instance', 'db', 'db-clone'],
    ['app', 'shop', 'shop'],
    ['tier', 'db', 'db'],
    // 9: GitOps would prune what it has not made; all of our own
    ['app.kubernetes.io/instance', 'the-argo-app', undefined],
    ['app.kubernetes.io/managed-by', 'Helm', undefined],
    ['argocd.argoproj.io/instance', 'x', undefined],
    ['kustomize.toolkit.fluxcd.io/name', 'x', undefined],
    ['applyset.kubernetes.io/part-of', 'x', undefined],
    ['objectset.rio.cattle.io/hash', 'x', undefined],
    ['kubevirt.io/vm-pool-revision-name', 'x', undefined],
    ['velero.io/restore-name', 'x', undefined],
    [MARKS.cloneUid, 'of-an-earlier-clone', undefined],
    [`${MARKS.prefix}anything`, 'x', undefined],
  ])('label %s=%s becomes %p, on VM and template', (key, value, expected) => {
    const made = build(
      vm({
        metadata: { labels: { [key]: value } },
        spec: { template: { metadata: { labels: { [key]: value } } } },
      }),
    ).vm;
    expect(made.spec.template.metadata?.labels?.[key]).toBe(expected);
    expect(made.metadata.labels?.[key]).toBe(key === MARKS.cloneUid ? CLONE_UID : expected);
  });

  test('9 a network that is chosen with an address is left out', () => {
    const key = 'v1.multus-cni.io/default-network';
    const annotated = (value: string) =>
      build(vm({ spec: { template: { metadata: { annotations: { [key]: value } } } } })).vm.spec.template
        .metadata?.annotations;
    expect(annotated('infra/vlan10')).toHaveProperty([key], 'infra/vlan10');
    expect(annotated('[{"name":"vlan10","ips":["10.0.0.7"]}]')).not.toHaveProperty([key]);
  });

  test.each<[string, boolean]>([
    ['vm.kubevirt.io/os', true],
    ['kubevirt.io/pci-topology-version', true],
    ['team', true],
    // 9
    ['restore.kubevirt.io/lastRestoreUID', false],
    ['kubectl.kubernetes.io/last-applied-configuration', false],
    ['kubevirt.io/latest-observed-api-version', false],
    ['kubevirt.io/storage-observed-api-version', false],
    ['argocd.argoproj.io/tracking-id', false],
    ['kustomize.toolkit.fluxcd.io/checksum', false],
    ['meta.helm.sh/release-name', false],
    ['k8s.v1.cni.cncf.io/network-status', false],
    ['cni.projectcalico.org/ipAddrs', false],
    ['k8s.ovn.org/pod-networks', false],
    ['ovn.kubernetes.io/ip_address', false],
    ['net1.shop.ovn.kubernetes.io/mac_address', false],
    ['ovn.kubernetes.io/logical_switch', true],
    ['cni.projectcalico.org/ipv4pools', true],
    ['v1.multus-cni.io/default-network', true],
    ['kubemacpool.io/transaction-timestamp', false],
    ['config.k8s.io/owning-inventory', false],
    ['network.kubevirt.io/addresses', false],
    ['description', false],
    [MARKS.lock, false],
    [MARKS.power, false],
    [`${MARKS.prefix}anything`, false],
  ])('annotation %s is carried: %p, on VM and template', (key, carried) => {
    const annotations = { [key]: 'x' };
    const made = build(
      vm({ metadata: { annotations }, spec: { template: { metadata: { annotations } } } }),
    ).vm;
    expect(made.metadata.annotations?.[key]).toBe(carried ? 'x' : undefined);
    expect(made.spec.template.metadata?.annotations?.[key]).toBe(carried ? 'x' : undefined);
  });

  test.each<[string, Partial<CloneInput>, string, Record<string, string>]>([
    ['not to be started', { startAfterClone: false }, 'Always', {}],
    ['to be started', {}, 'Always', { [MARKS.startStrategy]: 'Always' }],
    ['to be started, of a source that is off', {}, 'Halted', { [MARKS.startStrategy]: 'Always' }],
    [
      'described',
      { startAfterClone: false, description: 'for tests' },
      'Always',
      { description: 'for tests' },
    ],
  ])('marks: %s', (_what, input, runStrategy, expected) => {
    const { metadata } = build(vm({ spec: { runStrategy } }), input).vm;
    expect(metadata.labels).toEqual(marks.labels);
    expect(metadata.annotations).toEqual({
      [MARKS.workflowId]: cloneWorkflowId(targetRequest().target),
      [MARKS.runId]: RUN_ID,
      [MARKS.source]: 'shop/db',
      [MARKS.inProgress]: 'copying',
      ...expected,
    });
  });

  test('starts as its source stood before another clone switched that off', () => {
    const power = JSON.stringify({ setting: { runStrategy: 'RerunOnFailure' }, uid: SOURCE_UID });
    const source = vm({
      metadata: { annotations: { [MARKS.lock]: '[]', [MARKS.power]: power } },
      spec: { runStrategy: 'Halted' },
    });
    expect(build(source).vm.metadata.annotations?.[MARKS.startStrategy]).toBe('RerunOnFailure');
  });

  test('shares nothing with the source object, which a cache holds', () => {
    const source = withTemplateSpec({ unknownField: { a: [1] } });
    const before = JSON.stringify(source);
    const { spec } = build(source).vm.spec.template;
    (spec.unknownField as { a: number[] }).a.push(2);
    (spec.domain.cpu as { cores: number }).cores = 99;
    expect(JSON.stringify(source)).toBe(before);
  });
});

test.each([
  // 48: with start: the saved strategy; Manual → Manual, then PUT start; source Halted → Always. Without: Manual stays Manual, all else Halted
  ['Always', 'Always', 'Halted'],
  ['Once', 'Once', 'Halted'],
  ['RerunOnFailure', 'RerunOnFailure', 'Halted'],
  ['Manual', 'Manual', 'Manual'],
  ['Halted', 'Always', 'Halted'],
])('48 strategy of a clone of %s: started %s, else %s', (source, started, resting) => {
  expect(startStrategyFor(source)).toBe(started);
  expect(restingStrategyFor(source)).toBe(resting);
});

describe("the clone's DataVolumes", () => {
  test('22, 60 copy the live claim, as it is', () => {
    const [root] = build().dataVolumes;
    expect(root).toEqual({
      apiVersion: 'cdi.kubevirt.io/v1beta1',
      kind: 'DataVolume',
      metadata: {
        name: 'db-clone-root',
        namespace: 'shop',
        ...marks,
        annotations: {
          // observed 38: an existing claim is never adopted
          'cdi.kubevirt.io/allowClaimAdoption': 'false',
          // 57, observed 34: nobody consumes the disks of a clone that is off
          'cdi.kubevirt.io/storage.bind.immediate.requested': 'true',
          // 58
          'cdi.kubevirt.io/storage.deleteAfterCompletion': 'false',
          [MARKS.workflowId]: cloneWorkflowId(targetRequest().target),
          [MARKS.runId]: RUN_ID,
          [MARKS.source]: 'shop/db',
        },
      },
      spec: {
        source: { pvc: { namespace: 'shop', name: 'db-root' } },
        // `pvc` is taken as it is; the size of `storage` grows by the file system's overhead
        pvc: {
          accessModes: ['ReadWriteMany'],
          volumeMode: 'Block',
          storageClassName: 'fast',
          resources: { requests: { storage: '10Gi' } },
        },
      },
    });
  });

  test('are what the VM names, and lie beside it', () => {
    const { vm: made, dataVolumes } = build(vm(), { target: { namespace: 'lab', name: 'copy' } });
    expect(made.metadata).toMatchObject({ namespace: 'lab', name: 'copy' });
    expect(made.spec.template.spec.volumes).toEqual(
      dataVolumes.map(({ metadata }, index) => ({
        name: ['root', 'logs'][index],
        dataVolume: { name: metadata.name },
      })),
    );
    expect(dataVolumes.map(({ metadata }) => metadata.namespace)).toEqual(['lab', 'lab']);
    expect(dataVolumes.map(({ spec }) => spec.source?.pvc?.namespace)).toEqual(['shop', 'shop']);
  });

  test('observed 30: are owned by the VM as by a controller', () => {
    const { vm: made, dataVolumes } = build();
    const [root] = dataVolumes;
    if (!root) throw new Error('no disk');
    const owned = ownedBy(root, { ...made, metadata: { ...made.metadata, uid: 'made' } });
    expect(owned.metadata.ownerReferences).toEqual([
      {
        apiVersion: 'kubevirt.io/v1',
        kind: 'VirtualMachine',
        name: 'db-clone',
        uid: 'made',
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
    expect(root.metadata).not.toHaveProperty('ownerReferences');
    expect(() => ownedBy(root, made)).toThrow('no uid');
  });
});
