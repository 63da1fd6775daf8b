import type { VmDetail } from '../../../../src/api/answers';
import { isSameMemory, type MemoryInput, memoryInput, memoryQuantity } from './memory';

/** What `PATCH` takes besides the version. */
export interface VmEdit {
  description?: string;
  cpus?: number;
  memory?: string;
}

export interface EditInput {
  description: string;
  cpus: number | '';
  memory: MemoryInput;
}

export type EditField = keyof EditInput;
export type EditFaults = Partial<Record<EditField, string>>;
/** Of a VM, what can be edited. */
export type Editable = Pick<VmDetail, 'description' | 'size'>;

export const LONGEST_DESCRIPTION = 2000;
/** What the API takes. */
const MOST_CPUS = 710;
const FIELDS: readonly EditField[] = ['description', 'cpus', 'memory'];

/** The form as it is filled in at first. */
export function inputOf({ description, size }: Editable): EditInput {
  return { description, cpus: size.cpus, memory: memoryInput(size.memory) };
}

/** The fields that differ from what the VM has. A quantity that the form shows rounded counts as unchanged. */
export function changedFields(base: Editable, input: EditInput): EditField[] {
  const shown = inputOf(base);
  return FIELDS.filter((field) => {
    if (field === 'memory') return !isSameMemory(shown.memory, input.memory);
    return shown[field] !== input[field];
  });
}

/** What is wrong with the changed fields. */
export function faultsOf(base: Editable, input: EditInput): EditFaults {
  const { cpusPerSocket } = base.size;
  const { description, cpus, memory } = input;
  const faults: EditFaults = {
    ...(description.length > LONGEST_DESCRIPTION && {
      description: `${LONGEST_DESCRIPTION} characters at most; these are ${description.length}.`,
    }),
    ...((cpus === '' || cpus < 1 || cpus > MOST_CPUS || cpus % cpusPerSocket !== 0) && {
      cpus:
        cpusPerSocket > 1
          ? `A multiple of ${cpusPerSocket}, the CPUs of one socket, and at most ${MOST_CPUS}.`
          : `A whole number from 1 to ${MOST_CPUS}.`,
    }),
    ...(memoryQuantity(memory) === undefined && { memory: 'Whole MiB, from 1 MiB to 64 TiB.' }),
  };
  const changed = changedFields(base, input);
  return Object.fromEntries(Object.entries(faults).filter(([field]) => changed.includes(field as EditField)));
}

/** The changed fields alone, as the API takes them. The input has no faults. */
export function editOf(base: Editable, input: EditInput): VmEdit {
  const { description, cpus, memory } = input;
  const all: VmEdit = { description, cpus: Number(cpus), memory: memoryQuantity(memory) };
  return Object.fromEntries(changedFields(base, input).map((field) => [field, all[field]]));
}

/** What somebody else has changed between two readings. */
export function changedMeanwhile(before: Editable, now: Editable): EditField[] {
  return FIELDS.filter((field) => partOf(before, field) !== partOf(now, field));
}

/** The input carried over to what the VM has become: what the user has changed stays, all else follows the VM. */
export function rebase(before: Editable, now: Editable, input: EditInput): EditInput {
  const own = changedFields(before, input);
  const theirs = inputOf(now);
  return Object.fromEntries(
    FIELDS.map((field) => [field, own.includes(field) ? input[field] : theirs[field]]),
  ) as unknown as EditInput;
}

/** The value of a field, in words for whoever is asked to choose. */
export function partOf({ description, size }: Editable, field: EditField): string {
  switch (field) {
    case 'description':
      return description;
    case 'cpus':
      return String(size.cpus);
    case 'memory':
      return size.memory ?? '';
  }
}
