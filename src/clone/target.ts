import {
  type CloneInput,
  cloneWorkflowId,
  DESCRIPTION_ANNOTATION,
  IN_PROGRESS,
  MARKS,
  type PlannedCopy,
  type PlannedDisk,
} from '../contract';
import type { Identity } from './identity';
import { carriedAnnotations, carriedLabels, edited } from './metadata';
import type { ClonePlan } from './plan';
import { strategyOf } from './power';
import { renameReferences } from './references';
import type {
  DataVolume,
  Interface,
  RunStrategy,
  VirtualMachine,
  VmiSpec,
  VmTemplate,
  Volume,
} from './resources';
import { recordedRevision, TYPED } from './revisions';
import type { CopiedClaimSpec } from './storage';
import { treatVolumes } from './volumes';

/** The clone that is being made, by the run that makes it. */
export type TargetRequest = CloneInput & { runId: string };

export interface TargetInput {
  source: VirtualMachine;
  plan: Pick<ClonePlan, 'disks' | 'claimSpecs' | 'copies'>;
  request: TargetRequest;
  identity: Identity;
}

/**
 * The clone's objects: the VM, off and marked in progress, and a DataVolume for each disk, which are to be owned
 * by it (`ownedBy`, once its uid is known).
 *
 * The VM has no dataVolumeTemplates: DataVolumes made directly are refused, not silently adopted, when a claim of
 * their name exists, and the *requester's* right to copy is checked (kubevirt-observed, The clone's VM and disks).
 */
export function buildTarget(input: TargetInput): { vm: VirtualMachine; dataVolumes: DataVolume[] } {
  const { plan, request } = input;
  return {
    vm: buildVm(input),
    dataVolumes: plan.disks.map((disk) => {
      const spec = plan.claimSpecs[disk.name];
      if (!spec) throw new Error(`The plan says nothing of the claim of disk ${disk.name}`);
      return buildDataVolume(disk, spec, request);
    }),
  };
}

/** The strategy of a clone that is to be started; a Manual one needs a PUT `start` as well (kubevirt-rules, Power). */
export function startStrategyFor(sourceStrategy: RunStrategy): RunStrategy {
  return sourceStrategy === 'Halted' ? 'Always' : sourceStrategy;
}

/** The strategy of a clone that is to stay off: Always, Once and RerunOnFailure would boot it. */
export function restingStrategyFor(sourceStrategy: RunStrategy): RunStrategy {
  return sourceStrategy === 'Manual' ? 'Manual' : 'Halted';
}

function buildVm(input: TargetInput): VirtualMachine {
  const { source, plan, request } = input;
  const { namespace, name } = request.target;
  const { running, dataVolumeTemplates, template, ...rest } = source.spec;
  const { options } = request;
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: {
      name,
      namespace,
      labels: {
        ...edited(carriedLabels(source.metadata.labels, source.metadata.name, name), options.labels),
        ...ownerLabels(request),
      },
      annotations: {
        ...edited(carriedAnnotations(source.metadata.annotations), options.annotations),
        ...vmMarks(source, request),
      },
    },
    spec: {
      ...copyOf(rest),
      ...ownRevisions(source, plan.copies),
      // Manual boots nothing by itself; the other strategies would.
      runStrategy: restingStrategyFor(strategyOf(source)),
      template: buildTemplate(template, input),
    },
  };
}

/**
 * Instancetype and preference by the clone's own copy of their revision: the source's is owned by the source and
 * goes with it. Where none is recorded KubeVirt gives the clone one.
 */
function ownRevisions(
  source: VirtualMachine,
  copies: readonly PlannedCopy[],
): Pick<VirtualMachine['spec'], 'instancetype' | 'preference'> {
  return Object.fromEntries(
    TYPED.flatMap((typed) => {
      const { revisionName, ...matcher } = source.spec[typed] ?? {};
      if (!source.spec[typed]) return [];
      const recorded = recordedRevision(source, typed);
      const copy = copies.find(({ kind, from }) => kind === 'ControllerRevision' && from === recorded);
      return [[typed, { ...matcher, ...(copy && { revisionName: copy.name }) }]];
    }),
  );
}

function buildTemplate(
  { metadata, spec }: VmTemplate,
  { source, plan: { disks, copies }, request, identity }: TargetInput,
): VmTemplate {
  const { options, target: named } = request;
  // A fixed host name would be the same as the source's; utility volumes serve a running VM's own chores.
  const { hostname, utilityVolumes, ...carried } = copyOf(spec);
  const { dropped } = treatVolumes(spec);
  const { chassis } = carried.domain;
  const domain = {
    ...carried.domain,
    firmware: { ...carried.domain.firmware, ...identity.firmware },
    ...(chassis?.serial && { chassis: { ...chassis, serial: identity.firmware.serial } }),
  };
  const devices = domain.devices;
  if (devices) {
    domain.devices = {
      ...devices,
      ...(devices.disks && { disks: devices.disks.filter((disk) => !dropped.includes(disk.name)) }),
      ...(devices.interfaces && {
        interfaces: devices.interfaces.map((nic) => withMac(nic, identity)),
      }),
    };
  }
  const target: VmiSpec = { ...carried, domain };
  if (carried.volumes) {
    target.volumes = carried.volumes
      .filter((volume) => !dropped.includes(volume.name))
      .map((volume) => redirected(volume, disks));
  }
  renameReferences(
    target,
    (kind, name) => copies.find((copy) => copy.kind === kind && copy.from === name)?.name,
  );
  return {
    metadata: {
      labels: edited(carriedLabels(metadata?.labels, source.metadata.name, named.name), options.labels),
      annotations: edited(carriedAnnotations(metadata?.annotations), options.annotations),
    },
    spec: target,
  };
}

function withMac(nic: Interface, { macs }: Identity): Interface {
  const macAddress = Object.hasOwn(macs, nic.name) ? macs[nic.name] : undefined;
  return macAddress ? { ...nic, macAddress } : nic;
}

/**
 * Points a copied volume at the clone's DataVolume; a hot-plugged one stays hot-pluggable. One that is read only
 * can say so of a claim alone: the DataVolume's has its name.
 */
function redirected(volume: Volume, disks: readonly PlannedDisk[]): Volume {
  const disk = disks.find(({ name }) => name === volume.name);
  if (!disk) return volume;
  const { dataVolume, persistentVolumeClaim } = volume;
  const hotpluggable = dataVolume?.hotpluggable ?? persistentVolumeClaim?.hotpluggable;
  const more = { ...(hotpluggable && { hotpluggable }) };
  if (!persistentVolumeClaim?.readOnly) {
    return { name: volume.name, dataVolume: { name: disk.dataVolume, ...more } };
  }
  return {
    name: volume.name,
    persistentVolumeClaim: { claimName: disk.dataVolume, readOnly: true, ...more },
  };
}

function ownerLabels({ cloneUid, installation }: CloneInput): Record<string, string> {
  return { [MARKS.cloneUid]: cloneUid, [MARKS.installation]: installation };
}

function vmMarks(source: VirtualMachine, request: TargetRequest): Record<string, string> {
  return {
    ...(request.description && { [DESCRIPTION_ANNOTATION]: request.description }),
    ...origin(request),
    [MARKS.inProgress]: IN_PROGRESS.copying,
    ...(request.startAfterClone && { [MARKS.startStrategy]: startStrategyFor(strategyOf(source)) }),
  };
}

function origin({ source, target, runId }: TargetRequest): Record<string, string> {
  return {
    [MARKS.workflowId]: cloneWorkflowId(target),
    [MARKS.runId]: runId,
    [MARKS.source]: `${source.namespace}/${source.name}`,
  };
}

/**
 * One disk's DataVolume. CDI hands its labels and annotations on to the claim, so marks that change
 * (`in-progress`) stand on the VM alone.
 *
 * `pvc`, not `storage`: CDI takes `pvc` as it is, but adds the file system's overhead to the size of `storage`
 * (CDI datavolume/util.go, renderPvcSpecVolumeSize): the clone would outgrow its source and its quota, and on
 * classes without expansion a clone by the storage itself would fall back to a slow copy (clone/planner.go,
 * validateAdvancedClonePVC). All that `storage` would fill in is known from the live claim.
 */
function buildDataVolume(
  { sourceClaim, dataVolume }: PlannedDisk,
  { size, contentType, ...claim }: CopiedClaimSpec,
  request: TargetRequest,
): DataVolume {
  return {
    apiVersion: 'cdi.kubevirt.io/v1beta1',
    kind: 'DataVolume',
    metadata: {
      name: dataVolume,
      namespace: request.target.namespace,
      labels: ownerLabels(request),
      annotations: {
        // A claim of that name is somebody's disk, never ours to take.
        'cdi.kubevirt.io/allowClaimAdoption': 'false',
        // Nobody mounts the disks of a clone that is off: waiting for a consumer would never end.
        'cdi.kubevirt.io/storage.bind.immediate.requested': 'true',
        'cdi.kubevirt.io/storage.deleteAfterCompletion': 'false',
        ...origin(request),
      },
    },
    spec: {
      source: { pvc: { namespace: request.source.namespace, name: sourceClaim } },
      pvc: { ...claim, resources: { requests: { storage: size } } },
      ...(contentType && { contentType }),
    },
  };
}

/** A deep copy of plain JSON, so that the source object, which is a cache's, stays as it is. */
function copyOf<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
