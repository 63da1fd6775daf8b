/** Labels, annotations and finalizers that KubeVirt's components write (kubevirt.io/api core/v1 types.go). */
export const FINALIZERS = {
  /** On a VM, and on a VMI until the VM controller has recorded how it ended. */
  vmController: 'kubevirt.io/virtualMachineControllerFinalize',
  /** On a VMI until its pods are gone. */
  vmi: 'kubevirt.io/foregroundDeleteVirtualMachine',
  migration: 'kubevirt.io/migrationJobFinalize',
  snapshot: 'snapshot.kubevirt.io/vmsnapshot-protection',
  snapshotContent: 'snapshot.kubevirt.io/vmsnapshotcontent-protection',
  /** On a VM while a snapshot of it is made. */
  snapshotSource: 'snapshot.kubevirt.io/snapshot-source-protection',
  restore: 'snapshot.kubevirt.io/vmrestore-protection',
} as const;

export const ANNOTATIONS = {
  latestApiVersion: 'kubevirt.io/latest-observed-api-version',
  storageApiVersion: 'kubevirt.io/storage-observed-api-version',
  pciTopology: 'kubevirt.io/pci-topology-version',
  /** On a VMI: the generation of the VM whose template it runs. */
  vmGeneration: 'kubevirt.io/vm-generation',
  /** On a VM: "false" makes its DataVolumes only when it starts. */
  immediateDataVolumes: 'kubevirt.io/immediate-data-volume-creation',
  allowClaimAdoption: 'cdi.kubevirt.io/allowClaimAdoption',
  domain: 'kubevirt.io/domain',
  /** On a VMI: the name of the type that it was made with, by the type's scope. */
  instancetypeName: {
    own: 'kubevirt.io/instancetype-name',
    cluster: 'kubevirt.io/cluster-instancetype-name',
  },
  preferenceName: { own: 'kubevirt.io/preference-name', cluster: 'kubevirt.io/cluster-preference-name' },
  /** On the pod that a migration goes to. */
  migrationJobName: 'kubevirt.io/migrationJobName',
} as const;

export const LABELS = {
  createdBy: 'kubevirt.io/created-by',
  nodeName: 'kubevirt.io/nodeName',
  app: 'kubevirt.io',
  vmName: 'vm.kubevirt.io/name',
  /** On a migration: its VMI. */
  migrationSelector: 'kubevirt.io/vmi-name',
  /** On the pod that a migration goes to: the migration's uid. */
  migrationJob: 'kubevirt.io/migrationJobUID',
  /** On a VMI that is handed over to the node that it moves to. */
  migrationTargetNode: 'kubevirt.io/migrationTargetNodeName',
  /** On a claim: the migration that it was made for. */
  migrationName: 'kubevirt.io/migrationName',
  nodeSchedulable: 'kubevirt.io/schedulable',
  installStrategy: 'kubevirt.io/install-strategy',
} as const;

/** Of the claim that keeps a guest's TPM and EFI variables (pkg/storage/backend-storage). */
export const PERSISTENT_STATE = {
  /** On the claim: the VM's name. */
  label: 'persistent-state-for',
  /** As the launcher's volume and in the VMI's status. */
  volume: 'persistent-state-for-this-vm',
} as const;

/** Grace period of a guest whose spec names none, in seconds. */
export const DEFAULT_GRACE_PERIOD_SECONDS = 30;

/** The accounts under which KubeVirt's components act. They may write what users may not. */
export const ACCOUNTS = {
  'virt-api': 'system:serviceaccount:kubevirt:kubevirt-apiserver',
  'virt-controller': 'system:serviceaccount:kubevirt:kubevirt-controller',
  'virt-handler': 'system:serviceaccount:kubevirt:kubevirt-handler',
} as const;
