import type { Warning } from '../contract';
import type { PlanDisk } from './disks';
import type { PlanFacts } from './plan';
import type { VirtualMachine } from './resources';
import { kindOf } from './volumes';

/** What an operator should know before cloning and that does not stand against it. */
export function findWarnings(
  source: VirtualMachine,
  facts: PlanFacts,
  disks: readonly PlanDisk[],
): Warning[] {
  return [
    ...hotplugged(source, facts),
    ...guestIdentity(source, facts),
    ...placement(source),
    ...earlyBinding(source, facts, disks),
    ...networks(source, facts),
    ...instancetype(source),
  ];
}

function hotplugged(source: VirtualMachine, { vmi }: PlanFacts): Warning[] {
  const kept = new Set(source.spec.template.spec.volumes?.map(({ name }) => name));
  const extra = (vmi?.spec?.volumes ?? []).filter(
    (volume) =>
      !kept.has(volume.name) &&
      (volume.dataVolume?.hotpluggable || volume.persistentVolumeClaim?.hotpluggable),
  );
  return extra.map(({ name }) => ({
    type: 'HotplugVolumeNotCopied',
    message: `Disk ${name} is plugged into the running VM only, not into its configuration: it is not copied.`,
  }));
}

/** cloud-init runs once per instance-id, and that follows firmware UUID or name (KubeVirt pkg/cloud-init). */
function guestIdentity(source: VirtualMachine, { request }: PlanFacts): Warning[] {
  const kinds = new Set(source.spec.template.spec.volumes?.map(kindOf));
  if (kinds.has('cloudInitNoCloud') || kinds.has('cloudInitConfigDrive')) {
    return [
      {
        type: 'CloudInitRunsAgain',
        message:
          'cloud-init sees a new machine and runs again in the clone: host keys are made anew, user data is carried out again, and fixed addresses in its network data are those of the source.',
      },
    ];
  }
  if (kinds.has('sysprep') || !request.startAfterClone) return [];
  return [
    {
      type: 'GuestIdentityCopied',
      message:
        "The clone starts with what the guest keeps on its disks: host name, machine-id, host keys and fixed addresses are the source's.",
    },
  ];
}

function placement(source: VirtualMachine): Warning[] {
  const { domain, nodeSelector, affinity, resourceClaims } = source.spec.template.spec;
  const { hostDevices, gpus } = domain.devices ?? {};
  const warnings: Warning[] = [];
  if (hasEntries(hostDevices) || hasEntries(gpus) || hasEntries(resourceClaims)) {
    warnings.push({
      type: 'HostDevices',
      message:
        'The clone asks for the same kinds of host devices or GPUs: it can not start while none of them is free.',
    });
  }
  if (hasEntries(nodeSelector) || hasEntries(affinity)) {
    warnings.push({
      type: 'NodePlacement',
      message:
        "The clone has the source's rules on which nodes it may run: it can not start where none fits.",
    });
  }
  return warnings;
}

/** The disks of a clone that is off are bound before anyone knows where it will run (kubevirt-rules, DataVolumes). */
function earlyBinding(
  source: VirtualMachine,
  { storageClasses }: PlanFacts,
  disks: readonly PlanDisk[],
): Warning[] {
  const late = new Set(
    storageClasses
      .filter(({ volumeBindingMode }) => volumeBindingMode === 'WaitForFirstConsumer')
      .map(({ metadata }) => metadata.name),
  );
  const bound = disks.filter(({ storageClass, method }) => method === 'copy' && late.has(storageClass));
  if (bound.length === 0 || (disks.length === 1 && !hasEntries(source.spec.template.spec.nodeSelector)))
    return [];
  return [
    {
      type: 'DisksBoundEarly',
      message: `Disk ${bound.map(({ name }) => name).join(', ')} gets its volume before the clone has a node: on storage that is local to a node, the clone may find no node that reaches all of its disks.`,
    },
  ];
}

/** A network without a namespace is looked up in the VM's own (kubevirt-rules, Volumes, "Also"). */
function networks(source: VirtualMachine, { request }: PlanFacts): Warning[] {
  if (request.source.namespace === request.target.namespace) return [];
  return (source.spec.template.spec.networks ?? []).flatMap(({ multus }) =>
    multus && !multus.networkName.includes('/')
      ? [
          {
            type: 'NetworkResolvesElsewhere',
            message: `Network ${multus.networkName} is looked up in namespace ${request.target.namespace} by the clone: it must exist there, and may be another network.`,
          },
        ]
      : [],
  );
}

/** The clone gets a revision of its own when it is made (kubevirt-rules, Volumes, "Instancetype and preference"). */
function instancetype({ spec }: VirtualMachine): Warning[] {
  const names = [spec.instancetype?.name, spec.preference?.name].filter(Boolean);
  if (names.length === 0) return [];
  return [
    {
      type: 'InstancetypeAsOfNow',
      message: `The clone takes ${names.join(' and ')} as it is now; the source keeps the revision with which it was made.`,
    },
  ];
}

function hasEntries(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}
