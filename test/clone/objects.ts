import type { PlanFacts } from '../../src/clone/plan';
import type {
  DataVolume,
  PersistentVolumeClaim,
  Pod,
  VirtualMachine,
  VirtualMachineInstance,
  VmiSpec,
} from '../../src/clone/resources';
import { type CloneInput, cloneWorkflowId, MARKS } from '../../src/contract';

/** Deep: objects merge, everything else replaces. */
export type Patch = { [key: string]: unknown };

export function merged<T>(base: T, patch: Patch = {}): T {
  const result = { ...(base as Patch) };
  for (const [key, value] of Object.entries(patch)) {
    const old = result[key];
    result[key] = isObject(old) && isObject(value) ? merged(old, value) : value;
  }
  return result as T;
}

function isObject(value: unknown): value is Patch {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const SOURCE_UID = 'a1b2c3d4-0000-4000-8000-000000000001';
export const INSTALLATION = 'inst-1';
export const CLONE_UID = '0f0f0f0f-0000-4000-8000-00000000000a';
export const RUN_ID = 'run-1';

/** A running VM `db` in `shop`: one DataVolume disk `root`, one claim disk `logs`, one interface. */
export function vm(patch: Patch = {}): VirtualMachine {
  return merged<VirtualMachine>(
    {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachine',
      metadata: {
        name: 'db',
        namespace: 'shop',
        uid: SOURCE_UID,
        resourceVersion: '77',
        generation: 3,
        creationTimestamp: '2026-01-02T03:04:05Z',
        labels: {},
        annotations: {},
      },
      spec: {
        runStrategy: 'Always',
        dataVolumeTemplates: [{ metadata: { name: 'db-root' } }],
        template: {
          metadata: { labels: { 'kubevirt.io/vm': 'db' } },
          spec: {
            domain: {
              cpu: { cores: 2 },
              memory: { guest: '4Gi' },
              firmware: { uuid: 'source-uuid', serial: 'source-serial' },
              devices: {
                disks: [
                  { name: 'root', disk: { bus: 'virtio' } },
                  { name: 'logs', disk: { bus: 'virtio' } },
                ],
                interfaces: [{ name: 'default', macAddress: '02:00:00:00:00:01', masquerade: {} }],
              },
            },
            networks: [{ name: 'default', pod: {} }],
            volumes: [
              { name: 'root', dataVolume: { name: 'db-root' } },
              { name: 'logs', persistentVolumeClaim: { claimName: 'db-logs' } },
            ],
          },
        },
      },
      status: { printableStatus: 'Running', created: true, ready: true },
    },
    patch,
  );
}

export function withTemplateSpec(patch: Patch): VirtualMachine {
  return vm({ spec: { template: { spec: patch } } });
}

/** The VM with one volume more, and its disk. */
export function withVolume(source: Patch, disk: Patch = { disk: {} }): VirtualMachine {
  const { volumes = [], domain } = vm().spec.template.spec;
  return withTemplateSpec({
    volumes: [...volumes, { name: 'extra', ...source }],
    domain: { devices: { disks: [...(domain.devices?.disks ?? []), { name: 'extra', ...disk }] } },
  });
}

export function vmi(patch: Patch = {}): VirtualMachineInstance {
  return merged<VirtualMachineInstance>(
    {
      metadata: { name: 'db', namespace: 'shop', uid: 'vmi-uid' },
      spec: vm().spec.template.spec as Partial<VmiSpec>,
      status: {
        phase: 'Running',
        nodeName: 'node-1',
        interfaces: [{ name: 'default', mac: '02:00:00:00:00:01', ipAddress: '10.0.0.7' }],
      },
    },
    patch,
  );
}

export function claim(name: string, patch: Patch = {}): PersistentVolumeClaim {
  return merged<PersistentVolumeClaim>(
    {
      metadata: { name, namespace: 'shop', uid: `${name}-uid` },
      spec: {
        accessModes: ['ReadWriteMany'],
        volumeMode: 'Block',
        storageClassName: 'fast',
        resources: { requests: { storage: '10Gi' } },
      },
      status: { phase: 'Bound', capacity: { storage: '10Gi' } },
    },
    patch,
  );
}

/** A running pod that mounts `claimName`. */
export function pod(name: string, claimName: string, patch: Patch = {}): Pod {
  return merged<Pod>(
    {
      metadata: { name, namespace: 'shop', uid: `${name}-uid` },
      spec: { volumes: [{ name: 'disk', persistentVolumeClaim: { claimName } }] },
      status: { phase: 'Running' },
    },
    patch,
  );
}

export function launcher(): Pod {
  const owner = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', name: 'db', uid: 'vmi-uid' };
  return pod('virt-launcher-db-x', 'db-root', { metadata: { ownerReferences: [owner] } });
}

/** Facts in which nothing stands against cloning shop/db to shop/db-clone. */
export function facts(patch: Partial<PlanFacts> = {}): PlanFacts {
  return {
    request: {
      source: { namespace: 'shop', name: 'db' },
      target: { namespace: 'shop', name: 'db-clone' },
      startAfterClone: false,
      options: {},
    },
    source: vm(),
    vmi: vmi(),
    sourceClaims: [
      claim('db-root'),
      claim('db-logs', { spec: { resources: { requests: { storage: '2Gi' } } } }),
    ],
    pods: [launcher()],
    storageProfiles: [{ metadata: { name: 'fast' }, status: { cloneStrategy: 'csi-clone' } }],
    storageClasses: [
      { metadata: { name: 'fast' }, provisioner: 'csi.example', volumeBindingMode: 'Immediate' },
    ],
    targetClaims: [],
    targetDataVolumes: [],
    migrations: [],
    unread: [],
    sourceDataVolumes: [],
    revisions: [],
    quotas: [],
    services: [],
    otherMacs: [],
    availableInTarget: [],
    availableInSource: [],
    targetNamespaceExists: true,
    installation: INSTALLATION,
    ...patch,
  };
}

/** The same facts for another namespace. */
export function acrossNamespaces(source: VirtualMachine): PlanFacts {
  const base = facts({ source });
  return { ...base, request: { ...base.request, target: { namespace: 'lab', name: 'db-clone' } } };
}

/** A target as our own earlier run left it. */
export function target(inProgress: string | undefined, patch: Patch = {}): VirtualMachine {
  const at = { namespace: 'shop', name: 'db-clone' };
  return merged(
    vm({
      metadata: {
        ...at,
        uid: 'target-uid',
        labels: { [MARKS.cloneUid]: CLONE_UID, [MARKS.installation]: INSTALLATION },
        annotations: {
          [MARKS.workflowId]: cloneWorkflowId(at),
          [MARKS.runId]: RUN_ID,
          ...(inProgress && { [MARKS.inProgress]: inProgress }),
        },
      },
      spec: { runStrategy: 'Halted' },
      status: { printableStatus: 'Stopped' },
    }),
    patch,
  );
}

/** Its DataVolume or claim. */
export function leftoverDisk(name: string): DataVolume & PersistentVolumeClaim {
  const labels = { [MARKS.cloneUid]: CLONE_UID, [MARKS.installation]: INSTALLATION };
  return { metadata: { name, namespace: 'shop', uid: `${name}-uid`, labels }, spec: {} } as DataVolume &
    PersistentVolumeClaim;
}

export function cloneInput(patch: Partial<CloneInput> = {}): CloneInput {
  return {
    cloneUid: CLONE_UID,
    installation: INSTALLATION,
    source: { namespace: 'shop', name: 'db' },
    target: { namespace: 'shop', name: 'db-clone' },
    startAfterClone: true,
    requestedBy: 'alice',
    options: {},
    ...patch,
  };
}

/** The same request, as the run that makes the target has it. */
export function targetRequest(patch: Partial<CloneInput> = {}) {
  return { ...cloneInput(patch), runId: RUN_ID };
}

/** Bytes of a counter: deterministic, and never twice the same. */
export function counting(): (count: number) => Uint8Array {
  let next = 0;
  return (count) => Uint8Array.from({ length: count }, () => next++ % 256);
}
