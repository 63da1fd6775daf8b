/** Labels, annotations and finalizers that KubeVirt's components write (kubevirt.io/api core/v1 types.go). */
export const FINALIZERS = {
  /** On a VM, and on a VMI until the VM controller has recorded how it ended. */
  vmController: 'kubevirt.io/virtualMachineControllerFinalize',
  /** On a VMI until its pods are gone. */
  vmi: 'kubevirt.io/foregroundDeleteVirtualMachine',
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
} as const;

export const LABELS = {
  createdBy: 'kubevirt.io/created-by',
  nodeName: 'kubevirt.io/nodeName',
  app: 'kubevirt.io',
  vmName: 'vm.kubevirt.io/name',
} as const;

/** Grace period of a guest whose spec names none, in seconds. */
export const DEFAULT_GRACE_PERIOD_SECONDS = 30;

/** The accounts under which KubeVirt's components act. They may write what users may not. */
export const ACCOUNTS = {
  'virt-api': 'system:serviceaccount:kubevirt:kubevirt-apiserver',
  'virt-controller': 'system:serviceaccount:kubevirt:kubevirt-controller',
  'virt-handler': 'system:serviceaccount:kubevirt:kubevirt-handler',
} as const;
