import type { Blocker, Warning } from '../contract';
import type { PlanFacts } from './plan';
import type { PersistentVolumeClaim, VirtualMachine, VmiSpec } from './resources';
import { recordedSpec } from './revisions';

/** Label, and prefix of the name, of the claim that KubeVirt keeps it on (KubeVirt pkg/storage/backend-storage). */
const STATE_CLAIM = 'persistent-state-for';

type State = 'TPM' | 'EFI';

/** State that KubeVirt keeps on a claim of its own, which no DataVolume copies (kubevirt-rules, Volumes). */
export function persistentStateBlockers(source: VirtualMachine, facts: PlanFacts): Blocker[] {
  if (facts.request.options.persistentState === 'empty') return [];
  return described(source, facts, (state) => ({
    type: 'PersistentState',
    message: `The persistent ${state} state of the VM can not be copied, and without it a guest that seals its disk with it does not boot. With persistentState "empty" the clone begins with none.`,
  }));
}

export function persistentStateWarnings(source: VirtualMachine, facts: PlanFacts): Warning[] {
  if (facts.request.options.persistentState !== 'empty') return [];
  return described(source, facts, (state) => ({
    type: 'PersistentStateEmpty',
    message: `The clone begins with an empty ${state} state: a disk that is sealed with it asks for its recovery key, and boot entries are those of the firmware.`,
  }));
}

function described<T>(source: VirtualMachine, facts: PlanFacts, say: (state: string) => T): T[] {
  const states = statesOf(source, facts);
  return states.length > 0 ? [say(states.join(' and '))] : [];
}

/**
 * What the VM keeps: as its spec, its running instance or its recorded preference says; else as a claim tells that
 * KubeVirt made for it. (The claim serves changed block tracking, too, which a clone begins anew.)
 */
function statesOf(source: VirtualMachine, { vmi, revisions, sourceClaims }: PlanFacts): State[] {
  const specs = [withPreference(source, revisions), vmi?.spec];
  const kept: State[] = [];
  if (specs.some(keepsTpm)) kept.push('TPM');
  if (specs.some(keepsEfi)) kept.push('EFI');
  if (kept.length > 0 || tracksBlocks(source)) return kept;
  const isKept = sourceClaims.some((claim) => isStateClaim(claim, source.metadata.name));
  return isKept ? ['TPM', 'EFI'] : [];
}

/** KubeVirt pkg/storage/cbt, HasCBTStateEnabled. */
function tracksBlocks({ status }: VirtualMachine): boolean {
  return ['Initializing', 'Enabled'].includes(status?.changedBlockTracking?.state ?? '');
}

/** A preference counts only where the VM itself says nothing (KubeVirt pkg/instancetype/preference/apply). */
function withPreference(source: VirtualMachine, revisions: PlanFacts['revisions']): Pick<VmiSpec, 'domain'> {
  const { domain } = source.spec.template.spec;
  const preference = recordedSpec(source, 'preference', revisions);
  const bootloader = domain.firmware?.bootloader;
  return {
    domain: {
      devices: { tpm: domain.devices?.tpm ?? preference?.devices?.preferredTPM },
      firmware: {
        bootloader:
          bootloader?.efi || bootloader?.bios ? bootloader : { efi: preference?.firmware?.preferredEfi },
      },
    },
  };
}

function keepsTpm(spec: Partial<VmiSpec> | undefined): boolean {
  const tpm = spec?.domain?.devices?.tpm;
  return tpm?.persistent === true && tpm.enabled !== false;
}

function keepsEfi(spec: Partial<VmiSpec> | undefined): boolean {
  return spec?.domain?.firmware?.bootloader?.efi?.persistent === true;
}

/** Whether KubeVirt made the claim to keep that VM's state. */
export function isStateClaim({ metadata }: PersistentVolumeClaim, vm: string): boolean {
  return metadata.labels?.[STATE_CLAIM] === vm || metadata.name === `${STATE_CLAIM}-${vm}`;
}
