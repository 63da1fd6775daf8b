import { FAST_OPTIONS, type Simulator, STEERING, startSimulator } from '../../simulator';
import { Cluster, CONFIG_MAPS, PODS, VMIS, VMS, vm } from './apiserver/support';

/**
 * What the simulator promises, a row for each promise, shown by requests as kubectl sends them. The files beside this
 * one try each promise at its edges.
 */
const KUBECTL = { 'user-agent': 'kubectl/v1.36.3 (linux/amd64)', accept: 'application/json' };

const PVCS = '/api/v1/namespaces/demo/persistentvolumeclaims';
const DVS = '/apis/cdi.kubevirt.io/v1beta1/namespaces/demo/datavolumes';
const POWER = '/apis/subresources.kubevirt.io/v1/namespaces/demo';
const GUEST = 'simulator.vm-clone.io';

let simulator: Simulator;
let cluster: Cluster;
beforeAll(async () => {
  simulator = await startSimulator({ ...FAST_OPTIONS, apiServer: { bookmarkIntervalMs: 50 } });
  cluster = await Cluster.on(simulator.apiServer, KUBECTL);
  for (const [name, cloneStrategy] of [
    ['copying', 'copy'],
    ['cloning', 'csi-clone'],
  ] as const) {
    const metadata = { name, annotations: { 'cdi.kubevirt.io/clone-strategy': cloneStrategy } };
    const storageClass = { metadata, provisioner: 'sim.csi', volumeBindingMode: 'Immediate' };
    await created('/apis/storage.k8s.io/v1/storageclasses', storageClass);
    const profiles = '/apis/cdi.kubevirt.io/v1beta1/storageprofiles';
    await cluster.until(profiles, name, (profile) => profile?.status?.cloneStrategy === cloneStrategy);
  }
  await created(DVS, dataVolume('src', { blank: {} }, '2Gi'));
  await cluster.until(DVS, 'src', isPhase('Succeeded'));
});
afterAll(async () => {
  await cluster.stop();
  await simulator.close();
});

/** A promise, and the requests that show it kept. */
type Row = [promise: string, show: (name: string) => Promise<void>];

/** Each row has objects of its own, by a name made of its number. */
function promises(of: string, rows: Row[]): void {
  describe(of, () => {
    it.each(rows.map(([promise, show], index) => [promise, show, `${of.split(' ')[0]}-${index}`] as const))(
      '%s',
      (_promise, show, name) => show(name.toLowerCase()),
    );
  });
}

// biome-ignore lint/suspicious/noExplicitAny: objects of every shape.
type Any = any;
const isPhase = (phase: string) => (object: Any) => object?.status?.phase === phase;
const isGone = (object: Any) => object === undefined;
const isReady = (object: Any) => object?.status?.ready === true;

async function created(collection: string, object: object): Promise<Any> {
  const { code, body } = await cluster.post(collection, object);
  expect(code).toBe(201);
  return body;
}

interface DiskOptions {
  storageClass?: string;
  annotations?: Record<string, string>;
}

function dataVolume(
  name: string,
  source: object,
  size: string,
  { storageClass = 'copying', annotations }: DiskOptions = {},
) {
  const storage = {
    storageClassName: storageClass,
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: size } },
  };
  return {
    apiVersion: 'cdi.kubevirt.io/v1beta1',
    kind: 'DataVolume',
    metadata: { name, annotations },
    spec: { source, storage },
  };
}

const fromSource = { pvc: { namespace: 'demo', name: 'src' } };

function clone(name: string, annotations: Record<string, string> = {}, storageClass = 'copying') {
  return created(DVS, dataVolume(name, fromSource, '2Gi', { storageClass, annotations }));
}

async function running(name: string, runStrategy = 'Always', annotations = {}): Promise<Any> {
  await created(VMS, machine(name, runStrategy, annotations));
  return cluster.until(VMS, name, isReady);
}

function machine(name: string, runStrategy: string, annotations = {}, disk?: string) {
  const devices = disk ? { disks: [{ name: 'root', disk: { bus: 'virtio' } }] } : {};
  const volumes = disk ? [{ name: 'root', dataVolume: { name: disk } }] : [];
  return vm(name, {
    ...{ metadata: { annotations } },
    spec: { runStrategy, template: { spec: { domain: { devices }, volumes } } },
  });
}

function act(name: string, verb: string, body?: object) {
  return cluster.send('PUT', `${POWER}/virtualmachines/${name}/${verb}`, body);
}

/** Deletes an owner under a policy and gives what became of its dependent's references to it. */
async function collected(name: string, propagationPolicy: string): Promise<Any> {
  const { uid } = (await created(CONFIG_MAPS, { metadata: { name } })).metadata;
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name, uid, blockOwnerDeletion: true };
  await created(CONFIG_MAPS, { metadata: { name: `${name}-d`, ownerReferences: [owner] } });
  await cluster.delete(`${CONFIG_MAPS}/${name}`, { propagationPolicy });
  return cluster.until(CONFIG_MAPS, name, isGone);
}

promises('API server', [
  [
    'discovery: groups, and the kinds of a group with their short names and subresources',
    async () => {
      expect((await cluster.get('/apis')).body.groups).toContainEqual(
        expect.objectContaining({ name: 'kubevirt.io' }),
      );
      const { resources } = (await cluster.get('/apis/kubevirt.io/v1')).body;
      expect(resources).toContainEqual(
        expect.objectContaining({ name: 'virtualmachines', shortNames: ['vm', 'vms'] }),
      );
      expect(resources).toContainEqual(expect.objectContaining({ name: 'virtualmachines/status' }));
    },
  ],
  [
    'get',
    async (name) => {
      await created(CONFIG_MAPS, { metadata: { name }, data: { a: '1' } });
      expect(await cluster.get(`${CONFIG_MAPS}/${name}`)).toMatchObject({
        code: 200,
        body: { data: { a: '1' } },
      });
      expect(await cluster.get(`${CONFIG_MAPS}/none`)).toMatchObject({
        code: 404,
        body: { reason: 'NotFound' },
      });
    },
  ],
  [
    'list by labelSelector, by fieldSelector on metadata, and in pages',
    async (name) => {
      for (const tier of ['a', 'b']) {
        await created(CONFIG_MAPS, { metadata: { name: `${name}-${tier}`, labels: { app: name, tier } } });
      }
      const names = async (query: Record<string, string>) => {
        const { items, metadata } = (await cluster.get(`${CONFIG_MAPS}?${new URLSearchParams(query)}`)).body;
        return { names: items.map(({ metadata: of }: Any) => of.name), metadata };
      };
      expect((await names({ labelSelector: `app=${name},tier in (b)` })).names).toEqual([`${name}-b`]);
      expect((await names({ fieldSelector: `metadata.name=${name}-a` })).names).toEqual([`${name}-a`]);
      const first = await names({ labelSelector: `app=${name}`, limit: '1' });
      const second = await names({ labelSelector: `app=${name}`, continue: first.metadata.continue });
      expect([first.names, second.names]).toEqual([[`${name}-a`], [`${name}-b`]]);
    },
  ],
  [
    'watch from a resourceVersion, with bookmarks',
    async (name) => {
      const { resourceVersion } = (await cluster.get(CONFIG_MAPS)).body.metadata;
      await created(CONFIG_MAPS, { metadata: { name } });
      const stream = await cluster.watch(CONFIG_MAPS, { resourceVersion, allowWatchBookmarks: 'true' });
      expect(await stream.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name } } });
      expect((await stream.next()).type).toBe('BOOKMARK');
      stream.close();
    },
  ],
  [
    'watch from a forgotten resourceVersion: 410 as an ERROR event in the stream',
    async () => {
      simulator.apiServer.compact();
      const stream = await cluster.watch(CONFIG_MAPS, { resourceVersion: '1' });
      expect(stream.response.status).toBe(200);
      expect(await stream.next()).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
    },
  ],
  [
    'create: generateName, and 409 for a name that is taken',
    async (name) => {
      const made = await created(CONFIG_MAPS, { metadata: { generateName: `${name}-` } });
      const again = await cluster.post(CONFIG_MAPS, { metadata: { name: made.metadata.name } });
      expect(again).toMatchObject({ code: 409, body: { reason: 'AlreadyExists' } });
    },
  ],
  [
    'update; 409 under a stale resourceVersion',
    async (name) => {
      const made = await created(CONFIG_MAPS, { metadata: { name } });
      const path = `${CONFIG_MAPS}/${name}`;
      expect(await cluster.put(path, { ...made, data: { a: '1' } })).toMatchObject({ code: 200 });
      expect(await cluster.put(path, made)).toMatchObject({ code: 409, body: { reason: 'Conflict' } });
    },
  ],
  [
    'JSON patch: all of it, or 422 when a test fails',
    async (name) => {
      await created(VMS, machine(name, 'Halted'));
      const patch = (expected: string) => [
        { op: 'test', path: '/spec/runStrategy', value: expected },
        { op: 'replace', path: '/spec/runStrategy', value: 'Manual' },
      ];
      expect(await cluster.jsonPatch(`${VMS}/${name}`, patch('Halted'))).toMatchObject({ code: 200 });
      expect(await cluster.jsonPatch(`${VMS}/${name}`, patch('Halted'))).toMatchObject({
        code: 422,
        body: {
          reason: 'Invalid',
          message: 'the server rejected our request due to an error in our request',
        },
      });
    },
  ],
  [
    'merge patch, as annotate sends it: null removes, and an empty map is dropped',
    async (name) => {
      await created(CONFIG_MAPS, { metadata: { name } });
      const path = `${CONFIG_MAPS}/${name}`;
      const set = await cluster.mergePatch(path, { metadata: { annotations: { a: '1' } } });
      expect(set.body.metadata.annotations).toEqual({ a: '1' });
      const unset = await cluster.mergePatch(path, { metadata: { annotations: { a: null } } });
      expect(unset.body.metadata).not.toHaveProperty('annotations');
    },
  ],
  [
    'delete: preconditions, and finalizers hold',
    async (name) => {
      await created(CONFIG_MAPS, { metadata: { name, finalizers: ['a.io/held'] } });
      const path = `${CONFIG_MAPS}/${name}`;
      expect(await cluster.delete(path, { preconditions: { uid: 'other' } })).toMatchObject({ code: 409 });
      expect((await cluster.delete(path)).body.metadata).toHaveProperty('deletionTimestamp');
      expect((await cluster.get(path)).code).toBe(200);
      await cluster.mergePatch(path, { metadata: { finalizers: null } });
      expect((await cluster.get(path)).code).toBe(404);
    },
  ],
  [
    'status subresource: one resourceVersion for spec and status, generation by spec alone',
    async (name) => {
      const group = 'snapshot.kubevirt.io/v1beta1';
      const path = `/apis/${group}/namespaces/demo/virtualmachinesnapshotcontents`;
      const snapshot = {
        apiVersion: group,
        kind: 'VirtualMachineSnapshotContent',
        metadata: { name },
        spec: { a: 1 },
      };
      const made = await created(path, snapshot);
      const status = await cluster.mergePatch(`${path}/${name}/status`, { spec: { a: 2 }, status: { b: 1 } });
      expect(status.body).toMatchObject({ spec: { a: 1 }, status: { b: 1 }, metadata: { generation: 1 } });
      expect((await cluster.put(`${path}/${name}`, made)).code).toBe(409);
      const spec = await cluster.mergePatch(`${path}/${name}`, { spec: { a: 2 }, status: { b: 2 } });
      expect(spec.body).toMatchObject({ spec: { a: 2 }, status: { b: 1 }, metadata: { generation: 2 } });
    },
  ],
  [
    'neither server-side apply (415) nor Table output (plain JSON instead)',
    async (name) => {
      const apply = { 'content-type': 'application/apply-patch+yaml' };
      expect((await cluster.send('PATCH', `${VMS}/${name}`, 'kind: X', apply)).code).toBe(415);
      const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };
      expect((await cluster.send('GET', VMS, undefined, table)).body.kind).toBe('VirtualMachineList');
    },
  ],
]);

promises('extension points', [
  [
    'start, stop, restart: 202 and an empty body',
    async (name) => {
      await created(VMS, machine(name, 'Manual'));
      for (const verb of ['start', 'restart', 'stop']) {
        expect(await act(name, verb)).toEqual({ code: 202, body: '' });
        if (verb !== 'stop') {
          await cluster.until(VMS, name, (object) => isReady(object) && !object.status.stateChangeRequests);
        }
      }
    },
  ],
  [
    'pause, unpause: 200, and the guest is Paused in between',
    async (name) => {
      await running(name);
      const guest = `${POWER}/virtualmachineinstances/${name}`;
      expect((await cluster.send('PUT', `${guest}/pause`)).code).toBe(200);
      await cluster.until(VMS, name, (object) => object.status.printableStatus === 'Paused');
      expect((await cluster.send('PUT', `${guest}/unpause`)).code).toBe(200);
      await cluster.until(VMS, name, (object) => object.status.printableStatus === 'Running');
    },
  ],
  [
    'admission: a webhook refuses with its causes, and nothing is stored',
    async (name) => {
      const refused = await cluster.post(VMS, machine(name, 'Sometimes'));
      expect(refused).toMatchObject({ code: 422, body: { reason: 'Invalid' } });
      expect(refused.body.message).toContain('virtualmachine-validator.kubevirt.io');
      expect((await cluster.get(`${VMS}/${name}`)).code).toBe(404);
    },
  ],
]);

promises('controllers', [
  ...Object.entries({ Always: true, RerunOnFailure: true, Once: true, Manual: false, Halted: false }).map(
    ([runStrategy, runs]): Row => [
      `a new VM with run strategy ${runStrategy} ${runs ? 'runs' : 'stays off'}`,
      async (name) => {
        await created(VMS, machine(name, runStrategy));
        if (runs) await cluster.until(VMIS, name, isPhase('Running'));
        else await cluster.until(VMS, name, (object) => object.status?.printableStatus === 'Stopped');
        expect((await cluster.get(`${VMIS}/${name}`)).code).toBe(runs ? 200 : 404);
      },
    ],
  ),
  ...(['copying', 'cloning'] as const).map((storageClass): Row => {
    const phase = storageClass === 'copying' ? 'CloneInProgress' : 'CSICloneInProgress';
    return [
      `a DataVolume on a class for ${storageClass} goes through ${phase} to Succeeded`,
      async (name) => {
        await clone(name, { [`${GUEST}/copy-seconds`]: '0.3' }, storageClass);
        await cluster.until(DVS, name, isPhase(phase));
        const { status } = await cluster.until(DVS, name, isPhase('Succeeded'));
        expect(status).toMatchObject({ progress: '100.0%', claimName: name });
      },
    ];
  }),
  [
    'garbage collection, background: dependents go after their owner',
    async (name) => {
      await collected(name, 'Background');
      await cluster.until(CONFIG_MAPS, `${name}-d`, isGone);
    },
  ],
  [
    'garbage collection, foreground: dependents are gone when their owner is',
    async (name) => {
      await collected(name, 'Foreground');
      expect((await cluster.get(`${CONFIG_MAPS}/${name}-d`)).code).toBe(404);
    },
  ],
  [
    'garbage collection, orphan: dependents stay, without their owner',
    async (name) => {
      await collected(name, 'Orphan');
      const { body } = await cluster.get(`${CONFIG_MAPS}/${name}-d`);
      expect(body.metadata).not.toHaveProperty('ownerReferences');
    },
  ],
  [
    'garbage collection by uid: an owner of the same name that is another object counts as gone',
    async (name) => {
      await created(CONFIG_MAPS, { metadata: { name } });
      const owner = { apiVersion: 'v1', kind: 'ConfigMap', name, uid: 'of-an-earlier-one' };
      await created(CONFIG_MAPS, { metadata: { name: `${name}-d`, ownerReferences: [owner] } });
      await cluster.until(CONFIG_MAPS, `${name}-d`, isGone);
    },
  ],
]);

promises('node side', [
  [
    'boot and shutdown take the time that annotations say',
    async (name) => {
      const times = { [STEERING.boot]: '0.2', [STEERING.stop]: '0.2' };
      const begun = Date.now();
      await running(name, 'Always', times);
      const up = Date.now();
      await act(name, 'stop');
      await cluster.until(VMIS, name, isGone);
      expect(up - begun).toBeGreaterThanOrEqual(200);
      expect(Date.now() - up).toBeGreaterThanOrEqual(200);
    },
  ],
  [
    'a copy takes time in proportion to its bytes',
    async (name) => {
      const rates = [4, 8];
      const begun = Date.now();
      for (const rate of rates) {
        await clone(`${name}-${rate}`, { [`${GUEST}/copy-bytes-per-second`]: String(rate * 2 ** 30) });
      }
      const seconds = rates.map(async (rate) => {
        await cluster.until(DVS, `${name}-${rate}`, isPhase('Succeeded'));
        return (Date.now() - begun) / 1000;
      });
      const [slow, fast] = (await Promise.all(seconds)) as [number, number];
      expect(slow).toBeGreaterThanOrEqual(2 / 4);
      expect(fast).toBeGreaterThanOrEqual(2 / 8);
    },
  ],
  [
    'a VM that won’t stop outlives a stop; a forced one ends it',
    async (name) => {
      await running(name, 'Always', { [STEERING.stop]: 'never' });
      await act(name, 'stop');
      await cluster.until(VMS, name, (object) => object.status.printableStatus === 'Stopping');
      expect(await act(name, 'stop')).toMatchObject({ code: 409 });
      expect(await act(name, 'stop', { gracePeriod: 0 })).toMatchObject({ code: 202 });
      await cluster.until(VMIS, name, isGone);
    },
  ],
  [
    'a VM on a dead node stays Stopping, even forced',
    async (name) => {
      await running(name, 'Always', { [STEERING.stop]: 'dead' });
      await act(name, 'stop', { gracePeriod: 0 });
      await cluster.until(VMS, name, (object) => object.status.printableStatus === 'Stopping');
      // its end is up to the node, which does nothing until the VM is told off the dead one
      expect((await cluster.get(`${VMIS}/${name}`)).body.status.phase).toBe('Running');
      await cluster.mergePatch(`${VMS}/${name}`, { metadata: { annotations: { [STEERING.stop]: null } } });
      await cluster.until(VMIS, name, isGone);
    },
  ],
  ...(
    [
      [
        'crashes and restarts',
        'crash:1',
        (object: Any) => isPhase('Succeeded')(object) && object.status.restartCount === 1,
      ],
      [
        'fails again and again',
        'fail',
        (object: Any) => object?.status?.restartCount > 1 && !isPhase('Succeeded')(object),
      ],
      ['stalls', 'stall:40', (object: Any) => object?.status?.progress === '40.00%'],
    ] as const
  ).map(
    ([how, copy, shows]): Row => [
      `a copy that ${how}, by annotation`,
      async (name) => {
        await clone(name, { [`${GUEST}/copy`]: copy });
        await cluster.until(DVS, name, shows);
        await cluster.delete(`${DVS}/${name}`);
      },
    ],
  ),
]);

promises('least truths', [
  [
    'controllers act from lagging watches, never inside the write',
    async (name) => {
      const made = await created(VMS, machine(name, 'Always'));
      expect(made).not.toHaveProperty('status');
      expect(made.metadata).not.toHaveProperty('finalizers');
      expect((await cluster.get(`${VMIS}/${name}`)).code).toBe(404);
    },
  ],
  [
    'status writes cause conflicts: what was read before is stale for a spec write',
    async (name) => {
      const made = await created(VMS, machine(name, 'Halted'));
      await cluster.until(VMS, name, (object) => object.status?.printableStatus);
      expect((await cluster.put(`${VMS}/${name}`, made)).code).toBe(409);
    },
  ],
  [
    '"Stopped" while the VMI still exists',
    async (name) => {
      await running(name);
      const stream = await cluster.watch(VMS, { fieldSelector: `metadata.name=${name}` });
      await act(name, 'stop');
      const seen: string[] = [];
      while (!seen.includes('Stopped false')) {
        const { status } = (await stream.next()).object;
        seen.push(`${status.printableStatus} ${Boolean(status.created)}`);
      }
      stream.close();
      expect(seen).toContain('Stopped true');
    },
  ],
  [
    'virt-controller and its webhook write finalizer, firmware and annotations into the VM',
    async (name) => {
      await created(VMS, machine(name, 'Halted'));
      const { metadata, spec } = await cluster.until(VMS, name, (object) => object.metadata.finalizers);
      expect(metadata).toMatchObject({
        finalizers: ['kubevirt.io/virtualMachineControllerFinalize'],
        annotations: { 'kubevirt.io/latest-observed-api-version': 'v1' },
      });
      expect(spec.template).toMatchObject({
        metadata: { annotations: { 'kubevirt.io/pci-topology-version': 'v3' } },
        spec: { domain: { firmware: { uuid: expect.any(String), serial: expect.any(String) } } },
      });
    },
  ],
  [
    'finalizers hang while their controller is down',
    async (name) => {
      await created(VMS, machine(name, 'Halted'));
      await cluster.until(VMS, name, (object) => object.metadata.finalizers);
      await simulator.stopController('virt-controller');
      await cluster.delete(`${VMS}/${name}`);
      expect((await cluster.get(`${VMS}/${name}`)).body.metadata).toHaveProperty('deletionTimestamp');
      await simulator.startController('virt-controller');
      await cluster.until(VMS, name, isGone);
    },
  ],
  [
    'pods hold claims',
    async (name) => {
      await created(DVS, dataVolume(name, { blank: {} }, '1Gi'));
      await cluster.until(DVS, name, isPhase('Succeeded'));
      const volumes = [{ name: 'disk', persistentVolumeClaim: { claimName: name } }];
      await created(PODS, { metadata: { name }, spec: { containers: [{ name: 'c' }], volumes } });
      await cluster.until(PODS, name, isPhase('Running'));
      await cluster.delete(`${DVS}/${name}`);
      const held = await cluster.until(PVCS, name, (object) => object?.metadata.deletionTimestamp);
      expect(held.metadata.finalizers).toContain('kubernetes.io/pvc-protection');
      await cluster.delete(`${PODS}/${name}`);
      await cluster.until(PVCS, name, isGone);
    },
  ],
  [
    'the temporary claim and the pods of a copy lie in the source’s namespace',
    async (name) => {
      await created('/api/v1/namespaces', { metadata: { name } });
      const there = DVS.replace('/demo/', `/${name}/`);
      const slow = { annotations: { [`${GUEST}/copy-seconds`]: '0.3' } };
      await created(there, dataVolume('c', fromSource, '2Gi', slow));
      await cluster.until(there, 'c', (object) => object.status?.phase === 'CloneInProgress');
      const { uid } = (await cluster.get(`/api/v1/namespaces/${name}/persistentvolumeclaims/c`)).body
        .metadata;
      await cluster.until(PVCS, `tmp-pvc-${uid}`, isPhase('Bound'));
      await cluster.until(PODS, `cdi-upload-tmp-pvc-${uid}`, isPhase('Running'));
    },
  ],
  [
    'errors leave a DataVolume’s phase empty',
    async (name) => {
      const nowhere = { pvc: { namespace: 'demo', name: 'none' } };
      await created(DVS, dataVolume(name, nowhere, '1Gi'));
      const { status } = await cluster.until(DVS, name, (object) =>
        object.status?.conditions?.some(({ reason }: Any) => reason === 'CloneWithoutSource'),
      );
      expect(status).not.toHaveProperty('phase');
    },
  ],
  [
    'a claim of the name: refused for a DataVolume made directly, adopted for a template’s',
    async (name) => {
      const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
      await created(PVCS, { metadata: { name }, spec: { ...spec, storageClassName: 'copying' } });
      const refused = await cluster.post(DVS, dataVolume(name, fromSource, '2Gi'));
      expect(refused.body.message).toContain(`Destination PVC demo/${name} already exists`);
      const owner = machine(name, 'Halted', {}, name);
      const { metadata, spec: template } = dataVolume(name, fromSource, '2Gi');
      await created(VMS, {
        ...owner,
        spec: { ...owner.spec, dataVolumeTemplates: [{ metadata, spec: template }] },
      });
      const { status } = await cluster.until(DVS, name, isPhase('Succeeded'));
      expect(status.progress).toBe('N/A');
    },
  ],
  ...(
    [
      ['Always', 'VM is already running', undefined, 'Halted'],
      ['RerunOnFailure', 'VM is already running', undefined, 'RerunOnFailure'],
      ['Manual', 'VM is already running', undefined, 'Manual'],
      ['Once', 'VM is already running', 'RunStategy Once does not support manual restart requests', 'Halted'],
    ] as const
  ).map(
    ([runStrategy, start, restart, after]): Row => [
      `${runStrategy}, running: start 409, restart ${restart ? 409 : 202}, stop 202 and then ${after}`,
      async (name) => {
        if (runStrategy === 'Manual') {
          await created(VMS, machine(name, runStrategy));
          await act(name, 'start');
          await cluster.until(VMS, name, isReady);
        } else await running(name, runStrategy);
        await expectRefused(act(name, 'start'), name, start);
        if (restart) await expectRefused(act(name, 'restart'), name, restart);
        expect((await act(name, 'stop')).code).toBe(202);
        expect((await cluster.get(`${VMS}/${name}`)).body.spec.runStrategy).toBe(after);
        await cluster.until(VMIS, name, isGone);
      },
    ],
  ),
  [
    'Halted: stop and restart 409, start 202 and then Always',
    async (name) => {
      await created(VMS, machine(name, 'Halted'));
      await expectRefused(act(name, 'stop'), name, 'VM is not running');
      const restart = 'RunStategy Halted does not support manual restart requests';
      await expectRefused(act(name, 'restart'), name, restart);
      expect((await act(name, 'start')).code).toBe(202);
      expect((await cluster.get(`${VMS}/${name}`)).body.spec.runStrategy).toBe('Always');
    },
  ],
]);

async function expectRefused(answer: ReturnType<typeof act>, name: string, why: string): Promise<void> {
  const message = `Operation cannot be fulfilled on virtualmachine.kubevirt.io "${name}": ${why}`;
  expect(await answer).toMatchObject({ code: 409, body: { reason: 'Conflict', message } });
}
