import type { Warning } from '../contract';
import type { DiskPlan, PlanDisk } from './disks';
import { sidecarWarnings } from './hook-sidecars';
import { persistentStateWarnings } from './persistent-state';
import type { PlanFacts } from './plan';
import type { VirtualMachine } from './resources';
import { revisionWarnings } from './revisions';
import { kindOf } from './volumes';

type ClaimSpecs = DiskPlan['claimSpecs'];

/** What an operator should know before cloning and that does not stand against it. */
export function findWarnings(
  source: VirtualMachine,
  facts: PlanFacts,
  { disks, claimSpecs }: Pick<DiskPlan, 'disks' | 'claimSpecs'>,
): Warning[] {
  return [
    ...hotplugged(source, facts),
    ...guestIdentity(source, facts),
    ...placement(source),
    ...earlyBinding(source, facts, disks),
    ...networks(source, facts),
    ...sidecarWarnings(source, facts),
    ...revisionWarnings(source, facts),
    ...persistentStateWarnings(source, facts),
    ...keptMacs(source, facts),
    ...otherAccess(disks, facts, claimSpecs),
    ...pendingRestart(source, facts),
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
  const shared = (resourceClaims as { resourceClaimName?: string }[] | undefined)?.flatMap(
    ({ resourceClaimName }) => resourceClaimName ?? [],
  );
  if (hasEntries(shared)) {
    warnings.push({
      type: 'ResourceClaimShared',
      message: `The clone names the same ResourceClaim as its source (${shared?.join(', ')}): it starts only where the device can be shared, and where there is such a claim in its namespace.`,
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
      message: `Volumes are made before the clone has a node (for ${bound.map(({ name }) => name).join(', ')}): on storage that is local to a node, the clone may find none that reaches all of its disks.`,
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

/** On one network only one of two machines with the same address gets its packets. */
function keptMacs(source: VirtualMachine, { request }: PlanFacts): Warning[] {
  const nics = source.spec.template.spec.domain.devices?.interfaces ?? [];
  const kept = nics.filter(({ macAddress }) => macAddress);
  if (request.options.macAddresses !== 'keep' || kept.length === 0) return [];
  return [
    {
      type: 'MacAddressesKept',
      message: `The clone has the MAC addresses of its source (${kept.map(({ name }) => name).join(', ')}): on a network that they share, neither works while both run.`,
    },
  ];
}

/** It can not be live-migrated, or be used at once by as many as before. */
function otherAccess(disks: readonly PlanDisk[], { sourceClaims }: PlanFacts, specs: ClaimSpecs): Warning[] {
  const fewer = disks.filter(({ name, sourceClaim }) => {
    const claim = sourceClaims.find(({ metadata }) => metadata.name === sourceClaim);
    const modes = claim?.spec.accessModes ?? [];
    return modes.includes('ReadWriteMany') && !specs[name]?.accessModes.includes('ReadWriteMany');
  });
  if (fewer.length === 0) return [];
  return [
    {
      type: 'NotMigratable',
      message: `Disk ${fewer.map(({ name }) => name).join(', ')} can not be used by several nodes on the storage class that was asked for: the clone can not be live-migrated.`,
    },
  ];
}

/** Shutting it down and starting it again is the restart that it waits for. */
function pendingRestart({ metadata, status }: VirtualMachine, { vmi }: PlanFacts): Warning[] {
  const waits = status?.conditions?.some(
    ({ type, status: is }) => type === 'RestartRequired' && is === 'True',
  );
  if (!waits || !vmi) return [];
  return [
    {
      type: 'SourceRestartApplies',
      message: `${metadata.name} has changes that wait for its next start: it comes back with them, and the clone has them too.`,
    },
  ];
}

function hasEntries(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}
