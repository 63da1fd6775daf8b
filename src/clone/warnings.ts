import type { Warning } from '../contract';
import type { DiskPlan, PlanDisk } from './disks';
import { goesElsewhere } from './elsewhere';
import { sidecarWarnings } from './hook-sidecars';
import { normalMac } from './identity';
import { persistentStateWarnings } from './persistent-state';
import type { PlanFacts } from './plan';
import type { VirtualMachine, Volume } from './resources';
import { revisionWarnings } from './revisions';
import { startsPaused } from './source-state';
import { sourceWarnings } from './source-warnings';
import { kindOf } from './volumes';

type ClaimSpecs = DiskPlan['claimSpecs'];

/** What an operator should know before cloning and that does not stand against it. */
export function findWarnings(
  source: VirtualMachine,
  facts: PlanFacts,
  { disks, claimSpecs }: Pick<DiskPlan, 'disks' | 'claimSpecs'>,
): Warning[] {
  return [
    ...sourceWarnings(source, facts),
    ...notChecked(facts),
    ...guestIdentity(source, facts),
    ...networkData(source, facts),
    ...pausedStart(source, facts),
    ...placement(source),
    ...claimTemplates(source, facts),
    ...earlyBinding(source, facts, disks),
    ...networks(source, facts),
    ...sidecarWarnings(source, facts),
    ...revisionWarnings(source, facts),
    ...persistentStateWarnings(source, facts),
    ...keptMacs(source, facts),
    ...otherAccess(disks, facts, claimSpecs),
  ];
}

function notChecked({ unread }: PlanFacts): Warning[] {
  if (unread.length === 0) return [];
  return [
    {
      type: 'NotChecked',
      message: `This could not be read, and is not part of the plan: ${unread.join(', ')}. See what the accounts may list.`,
    },
  ];
}

/** Each of its starts waits for somebody. */
function pausedStart(source: VirtualMachine, { request }: PlanFacts): Warning[] {
  if (!request.startAfterClone || !startsPaused(source)) return [];
  return [
    {
      type: 'CloneStartsPaused',
      message: 'The clone starts paused, as its startStrategy says: unpause it then.',
    },
  ];
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
        "The clone starts with what the guest keeps on its disks: host name, machine-id, host keys and fixed addresses are the source's, and what is bound to a MAC address finds another one.",
    },
  ];
}

/** Network data may choose an interface by its MAC, which is another one in the clone (cloud-init, network config). */
function networkData(source: VirtualMachine, { request }: PlanFacts): Warning[] {
  if (request.options.macAddresses === 'keep') return [];
  const { volumes = [], domain } = source.spec.template.spec;
  const data = volumes.map(inlineNetworkData).join('\n').toLowerCase();
  const named = (domain.devices?.interfaces ?? []).filter(
    ({ macAddress }) => macAddress && data.includes(normalMac(macAddress)),
  );
  if (named.length === 0) return [];
  return [
    {
      type: 'NetworkDataNamesMac',
      message: `cloud-init's network data chooses interface ${named.map(({ name }) => name).join(', ')} by its MAC address, which is another one in the clone: it comes up without that network until the network data are changed.`,
    },
  ];
}

function inlineNetworkData({ cloudInitNoCloud, cloudInitConfigDrive }: Volume): string {
  const { networkData = '', networkDataBase64 = '' } = (cloudInitNoCloud ?? cloudInitConfigDrive ?? {}) as {
    networkData?: string;
    networkDataBase64?: string;
  };
  return networkData + decoded(networkDataBase64);
}

/** What is no base64 is nothing that a guest could read either. */
function decoded(base64: string): string {
  try {
    return atob(base64);
  } catch {
    return '';
  }
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

/** A template of devices is looked up in the VM's own namespace. */
function claimTemplates(source: VirtualMachine, { request }: PlanFacts): Warning[] {
  if (!goesElsewhere(request)) return [];
  return (source.spec.template.spec.resourceClaims ?? []).flatMap(({ resourceClaimTemplateName: name }) =>
    name
      ? [
          {
            type: 'ResourceClaimTemplateElsewhere',
            message: `ResourceClaimTemplate ${name} is looked up in namespace ${request.target.namespace} by the clone: without it there it does not start.`,
          },
        ]
      : [],
  );
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
  if (!goesElsewhere(request)) return [];
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

function hasEntries(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}
