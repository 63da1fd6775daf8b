import { randomUUID } from 'node:crypto';
import type { KubernetesResource, PersistentVolumeClaim, StorageClass } from '../src/clone/resources';
import { type ClusterClient, isCode, type Kind, Kinds } from '../src/kubernetes';
import { Ann } from './controllers/cdi/names';
import { type PersistentVolume, SimKinds, type VolumeSnapshotClass } from './controllers/kinds';
import { KubeVirtKinds } from './controllers/kubevirt/kinds';
import type { SimContext } from './controllers/runtime';
import type { SeedDisk, SeedVm } from './seed-manifest';
import { SEED_CLASSES, SEED_INSTANCETYPES, SEED_SECRETS, SEED_VMS, type SeedClass } from './seed-vms';

const ConfigMap: Kind = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
  namespaced: true,
};
const Secret: Kind = { ...ConfigMap, plural: 'secrets', kind: 'Secret' };

/** Says that the seed has been sown: what a person has deleted since stays deleted. */
const DONE = { namespace: 'kube-system', name: 'simulator-seed' };

/**
 * Fills a new cluster with storage classes and VMs whose disks are there already. Interrupted, it goes on
 * where it was at the next start; done, it does nothing.
 */
export async function seed(context: SimContext): Promise<void> {
  const client = context.clientFor('installer');
  if (await client.get(ConfigMap, DONE)) return;
  for (const storageClass of SEED_CLASSES) await installClass(client, storageClass);
  for (const name of new Set(SEED_VMS.map(({ vm }) => vm.metadata.namespace as string))) {
    await create(client, Kinds.Namespace, { metadata: { name } });
  }
  for (const secret of SEED_SECRETS) await create(client, Secret, secret);
  for (const [name, { cpu, memory }] of Object.entries(SEED_INSTANCETYPES)) {
    const spec = { cpu: { guest: cpu }, memory: { guest: memory } };
    await create(client, KubeVirtKinds.ClusterInstancetype, { metadata: { name }, spec });
  }
  for (const seedVm of SEED_VMS) await installVm(client, seedVm);
  await create(client, ConfigMap, { metadata: DONE });
}

/** How CDI clones on it, its controller finds out by the provisioner and the snapshot class. */
async function installClass(
  client: ClusterClient,
  { name, mode, hasSnapshots, isDefault }: SeedClass,
): Promise<void> {
  const provisioner = `${name}.csi.example.com`;
  const annotations: Record<string, string> = isDefault
    ? { 'storageclass.kubernetes.io/is-default-class': 'true' }
    : {};
  const storageClass = {
    metadata: { name, annotations },
    provisioner,
    reclaimPolicy: 'Delete',
    allowVolumeExpansion: true,
    volumeBindingMode: mode,
  };
  await create<StorageClass>(client, Kinds.StorageClass, storageClass as StorageClass);
  if (!hasSnapshots) return;
  await create<VolumeSnapshotClass>(client, SimKinds.VolumeSnapshotClass, {
    metadata: { name },
    driver: provisioner,
    deletionPolicy: 'Delete',
  });
}

async function installVm(client: ClusterClient, { vm, disks, start }: SeedVm): Promise<void> {
  const { namespace, name } = vm.metadata;
  for (const disk of disks) await installDisk(client, namespace as string, disk);
  const isNew = await create(client, Kinds.VirtualMachine, vm);
  if (isNew && start) await client.act({ namespace, name }, 'start');
}

/** A bound claim that counts as filled for the DataVolume of its name, as if imported long ago. */
async function installDisk(client: ClusterClient, namespace: string, disk: SeedDisk): Promise<void> {
  const { name, size, storageClass } = disk;
  const spec = {
    accessModes: ['ReadWriteOnce'],
    volumeMode: 'Filesystem',
    storageClassName: storageClass,
    resources: { requests: { storage: size } },
    volumeName: `pvc-${randomUUID()}`,
  };
  const annotations = { [Ann.populatedFor]: name, [Ann.contentType]: 'kubevirt' };
  await create<PersistentVolumeClaim>(client, Kinds.PersistentVolumeClaim, {
    metadata: { namespace, name, annotations },
    spec,
  });
  const claim = await client.get(Kinds.PersistentVolumeClaim, { namespace, name });
  if (!claim?.spec.volumeName) throw new Error(`the claim ${namespace}/${name} is in the way of the seed`);
  const driver = `${storageClass}.csi.example.com`;
  await create<PersistentVolume>(client, SimKinds.PersistentVolume, {
    metadata: { name: claim.spec.volumeName, annotations: { 'pv.kubernetes.io/provisioned-by': driver } },
    spec: {
      capacity: { storage: size },
      accessModes: ['ReadWriteOnce'],
      volumeMode: 'Filesystem',
      storageClassName: storageClass,
      persistentVolumeReclaimPolicy: 'Delete',
      claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name, uid: claim.metadata.uid },
      csi: { driver, volumeHandle: claim.spec.volumeName },
    },
  });
}

/** False when it is there already. */
async function create<T extends KubernetesResource>(
  client: ClusterClient,
  of: Kind<T>,
  object: T,
): Promise<boolean> {
  try {
    await client.create(of, object);
    return true;
  } catch (error) {
    if (isCode(error, 409)) return false;
    throw error;
  }
}
