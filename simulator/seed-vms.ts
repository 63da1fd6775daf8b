import type { KubernetesResource } from '../src/clone/resources';
import { STEERING } from './node/steering';
import { type SeedDescription, type SeedVm, seedVm, WINDOWS } from './seed-manifest';

export interface SeedClass {
  name: string;
  mode: 'Immediate' | 'WaitForFirstConsumer';
  /** Whether there is a snapshot class for it. */
  hasSnapshots?: boolean;
  isDefault?: boolean;
}

export const SEED_CLASSES: readonly SeedClass[] = [
  { name: 'fast-csi', mode: 'Immediate' },
  { name: 'standard', mode: 'Immediate', isDefault: true },
  { name: 'local-wffc', mode: 'WaitForFirstConsumer' },
  { name: 'snap', mode: 'Immediate', hasSnapshots: true },
];

const FEDORA = { name: 'fedora', image: 'fedora:42' };
const UBUNTU = { name: 'ubuntu', image: 'ubuntu:24.04' };
const RHEL = { name: 'rhel9', image: 'rhel9-guest-image:9.6' };

function cloudConfig(user: string, ...packages: string[]): string {
  const lines = ['#cloud-config', `user: ${user}`, 'ssh_pwauth: false', 'package_update: true'];
  if (packages.length > 0) lines.push('packages:', ...packages.map((name) => `  - ${name}`));
  return `${lines.join('\n')}\n`;
}

const DESCRIPTIONS: readonly SeedDescription[] = [
  {
    namespace: 'demo',
    name: 'web-1',
    power: { runStrategy: 'Always' },
    os: FEDORA,
    cores: 2,
    memory: '4Gi',
    disks: { root: ['8Gi', 'fast-csi'], data: ['4Gi', 'standard'] },
    labels: { app: 'web', tier: 'frontend' },
    annotations: { description: 'Shop front end: nginx and its cache' },
    userData: cloudConfig('fedora', 'nginx', 'qemu-guest-agent'),
  },
  {
    namespace: 'demo',
    name: 'db-1',
    power: { runStrategy: 'RerunOnFailure' },
    os: RHEL,
    flavor: 'large',
    cores: 4,
    memory: '16Gi',
    disks: { root: ['10Gi', 'fast-csi'], data: ['20Gi', 'fast-csi'], wal: ['2Gi', 'standard'] },
    labels: { app: 'db', tier: 'backend' },
    annotations: { description: 'PostgreSQL primary' },
    hostname: 'db-1',
    macAddress: '02:76:6d:00:00:0d',
    userDataSecret: 'db-1-cloud-init',
    graceSeconds: 180,
  },
  {
    namespace: 'demo',
    name: 'batch-1',
    power: { runStrategy: 'Once' },
    os: UBUNTU,
    flavor: 'medium',
    cores: 4,
    memory: '8Gi',
    disks: { root: ['6Gi', 'fast-csi'] },
    labels: { app: 'batch' },
    annotations: {
      description: 'Nightly report; shuts itself down when it is done',
      [STEERING.guestExits]: 'succeeded:2',
    },
    userData: cloudConfig('ubuntu'),
  },
  {
    namespace: 'demo',
    name: 'dev-1',
    power: { runStrategy: 'Manual' },
    os: FEDORA,
    workload: 'desktop',
    cores: 2,
    memory: '4Gi',
    disks: { root: ['8Gi', 'fast-csi'] },
    labels: { app: 'dev', owner: 'kim' },
    userData: cloudConfig('fedora', 'git', 'golang'),
    start: true,
  },
  {
    namespace: 'demo',
    name: 'template-1',
    power: { runStrategy: 'Halted' },
    os: FEDORA,
    flavor: 'small',
    cores: 1,
    memory: '2Gi',
    disks: { root: ['6Gi', 'fast-csi'] },
    labels: { app: 'template' },
    annotations: { description: 'Golden image: clone it, do not start it' },
    userData: cloudConfig('fedora'),
  },
  {
    namespace: 'staging',
    name: 'legacy-1',
    power: { running: true },
    os: RHEL,
    flavor: 'small',
    cores: 1,
    memory: '2Gi',
    disks: { root: ['2Gi', 'standard'] },
    labels: { app: 'legacy' },
    userData: cloudConfig('cloud-user'),
  },
  {
    namespace: 'staging',
    name: 'win-1',
    power: { runStrategy: 'Halted' },
    os: WINDOWS,
    flavor: 'large',
    cores: 4,
    memory: '8Gi',
    disks: { root: ['30Gi', 'local-wffc'] },
    labels: { app: 'win' },
    annotations: { description: 'Windows Server for the test of installers' },
    graceSeconds: 3600,
  },
  {
    namespace: 'staging',
    name: 'cache-1',
    power: { runStrategy: 'Halted' },
    os: UBUNTU,
    flavor: 'small',
    cores: 2,
    memory: '4Gi',
    disks: { root: ['5Gi', 'snap'], data: ['5Gi', 'snap'] },
    labels: { app: 'cache' },
    userData: cloudConfig('ubuntu', 'redis'),
  },
  {
    namespace: 'staging',
    name: 'queue-1',
    power: { runStrategy: 'Always' },
    os: FEDORA,
    instancetype: 'u1.medium',
    disks: { root: ['6Gi', 'fast-csi'] },
    labels: { app: 'queue' },
    annotations: { description: 'Sized by its instancetype' },
    userData: cloudConfig('fedora', 'rabbitmq-server'),
  },
  {
    namespace: 'staging',
    name: 'vault-1',
    power: { runStrategy: 'Halted' },
    os: WINDOWS,
    cores: 2,
    memory: '4Gi',
    disks: { root: ['20Gi', 'fast-csi'] },
    labels: { app: 'vault' },
    annotations: { description: 'Its disk is sealed with its TPM' },
    sealed: true,
  },
];

/** Cluster-wide instancetypes, by name. */
export const SEED_INSTANCETYPES: Readonly<Record<string, { cpu: number; memory: string }>> = {
  'u1.medium': { cpu: 1, memory: '4Gi' },
  'u1.large': { cpu: 2, memory: '8Gi' },
};

export const SEED_SECRETS: readonly KubernetesResource[] = [
  {
    metadata: { namespace: 'demo', name: 'db-1-cloud-init' },
    stringData: { userdata: cloudConfig('cloud-user', 'postgresql-server') },
  } as KubernetesResource,
];

export const SEED_VMS: readonly SeedVm[] = DESCRIPTIONS.map(seedVm);
