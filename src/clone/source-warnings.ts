import type { Warning } from '../contract';
import type { PlanFacts } from './plan';
import { isOn } from './power';
import type { ObjectMeta, VirtualMachine } from './resources';
import { diskOf } from './volumes';

/** What becomes of the source itself when it is shut down for the copy, and starts again. */
export function sourceWarnings(source: VirtualMachine, facts: PlanFacts): Warning[] {
  return [
    ...hotplugged(source, facts),
    ...(isOn(source, facts.vmi)
      ? [...ephemeral(source), ...pendingRestart(source, facts), ...managed(source)]
      : []),
  ];
}

/** A started VM is made from its configuration alone (KubeVirt watch/vm/vm.go, SetupVMIFromVM). */
function hotplugged({ metadata, spec }: VirtualMachine, { vmi }: PlanFacts): Warning[] {
  const kept = new Set(spec.template.spec.volumes?.map(({ name }) => name));
  const extra = (vmi?.spec?.volumes ?? []).filter(
    (volume) =>
      !kept.has(volume.name) &&
      (volume.dataVolume?.hotpluggable || volume.persistentVolumeClaim?.hotpluggable),
  );
  return extra.map(({ name }) => ({
    type: 'HotplugVolumeNotCopied',
    message: `Disk ${name} is plugged into the running VM only, not into its configuration: it is not copied, and ${metadata.name} comes back without it. Make it part of the configuration first.`,
  }));
}

/** Lives as long as the pod: an overlay of an image, or a scratch disk. A CD has nothing to lose. */
function ephemeral({ metadata, spec }: VirtualMachine): Warning[] {
  const lost = (spec.template.spec.volumes ?? []).filter(
    ({ name, containerDisk, emptyDisk }) =>
      emptyDisk || (containerDisk && !diskOf(spec.template.spec, name)?.cdrom),
  );
  if (lost.length === 0) return [];
  return [
    {
      type: 'SourceLosesEphemeralData',
      message: `${metadata.name} loses what it has written to ${lost.map(({ name }) => name).join(', ')} when it is shut down for the copy, and the clone begins without it: such a disk lives only as long as the VM runs.`,
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

/** Tools that set a VM back to what they have on record, by the marks that they leave on it. */
const TOOLS: readonly [string, RegExp][] = [
  ['Argo CD', /^argocd\.argoproj\.io\/(tracking-id|instance)$/],
  ['Flux', /^(kustomize|helm)\.toolkit\.fluxcd\.io\/name$/],
  ['Fleet', /^objectset\.rio\.cattle\.io\//],
];

/** Somebody who wants it to run may start it in mid-copy, or replace it. */
function managed({ metadata }: VirtualMachine): Warning[] {
  const by = [...controllersOf(metadata), ...toolsOf(metadata)];
  if (by.length === 0) return [];
  return [
    {
      type: 'SourceManaged',
      message: `${metadata.name} is managed by ${by.join(', ')}, which may start or replace it while it is off for the copy: pause that until the clone is made.`,
    },
  ];
}

function controllersOf({ ownerReferences }: ObjectMeta): string[] {
  return (ownerReferences ?? [])
    .filter(({ controller }) => controller)
    .map(({ kind, name }) => `${kind} ${name}`);
}

function toolsOf({ labels, annotations }: ObjectMeta): string[] {
  const keys = Object.keys({ ...labels, ...annotations });
  return TOOLS.filter(([, mark]) => keys.some((key) => mark.test(key))).map(([tool]) => tool);
}
