import { MARKS, type Owner } from '../contract';
import {
  currentSetting,
  type Debtor,
  isGoingDown,
  isOn,
  isStopped,
  needsStart,
  type PowerSetting,
  powerNote,
  type SavedPower,
  sameSetting,
  savedPower,
  stoppedSetting,
} from './power';
import { type PatchOperation, pointer, type VirtualMachine, type VirtualMachineInstance } from './resources';

/** One clone that keeps the source off and undeleted. `since` is ISO 8601. */
export interface Holder extends Owner {
  workflowId: string;
  since: string;
}

/** Somebody else wrote into our annotation: only a person can tell what it means. */
export class LockUnreadable extends Error {
  override readonly name = 'LockUnreadable';
}

/** Presence alone locks. (An admission policy can't parse JSON.) */
export function isLocked(vm: VirtualMachine): boolean {
  return vm.metadata.annotations?.[MARKS.lock] !== undefined;
}

/** The holders of a VM's lock, in order of arrival. Throws `LockUnreadable`. */
export function holdersOf(vm: VirtualMachine): Holder[] {
  const text = vm.metadata.annotations?.[MARKS.lock];
  if (text === undefined) return [];
  try {
    const holders: unknown = JSON.parse(text);
    if (Array.isArray(holders) && holders.every((holder) => typeof holder?.cloneUid === 'string'))
      return holders;
  } catch {
    // told below
  }
  throw new LockUnreadable(
    `Annotation ${MARKS.lock} of ${vm.metadata.namespace}/${vm.metadata.name} is not a list of clones: see who wrote it, then remove it.`,
  );
}

export function sameOwner(a: Owner, b: Owner): boolean {
  return a.cloneUid === b.cloneUid && a.installation === b.installation;
}

export function holds(vm: VirtualMachine, owner: Owner): boolean {
  return holdersOf(vm).some((holder) => sameOwner(holder, owner));
}

/** Whether locking must also switch the source off. */
export function mustStop(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): boolean {
  return isOn(vm, vmi) && !isGoingDown(vm, vmi);
}

/**
 * One patch: our holder in and, where the source is on, its power state saved and the source switched off.
 *
 * A source that is off is only locked: restoring Once or RerunOnFailure would boot it. A power state saved by
 * another holder is inherited; one that no longer holds goes, or it would be restored. A holder that an earlier
 * run of the same workflow left is replaced. The patch fails (422) if lock, power, strategy, template or types are no longer
 * as they were read here, so what is frozen is what is locked. It does not test resourceVersion, which every
 * status update moves.
 */
export function lockPatch(
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
  holder: Holder,
): PatchOperation[] {
  const annotations = vm.metadata.annotations;
  const setting = currentSetting(vm);
  const saved = savedPower(vm);
  const operations: PatchOperation[] = [
    test('/metadata/uid', vm.metadata.uid),
    test('/spec/template', vm.spec.template),
    test('/spec/instancetype', vm.spec.instancetype ?? null),
    test('/spec/preference', vm.spec.preference ?? null),
    test(settingPath(setting), settingValue(setting)),
    test(annotationPath(MARKS.lock), annotations?.[MARKS.lock] ?? null),
    test(annotationPath(MARKS.power), annotations?.[MARKS.power] ?? null),
  ];
  if (!annotations) operations.unshift(test('/metadata/annotations', null), add('/metadata/annotations', {}));
  if (mustStop(vm, vmi) || (saved && !isStopped(setting))) {
    const power: SavedPower = {
      setting: saved?.setting ?? setting,
      uid: vm.metadata.uid as string,
      debtor: debtorOf(holder),
    };
    operations.push(add(annotationPath(MARKS.power), JSON.stringify(power)), {
      op: 'replace',
      path: settingPath(setting),
      value: settingValue(stoppedSetting(setting)),
    });
  } else if (!saved && annotations?.[MARKS.power] !== undefined) {
    operations.push({ op: 'remove', path: annotationPath(MARKS.power) });
  }
  const others = holdersOf(vm).filter((other) => !isEarlierRun(other, holder));
  operations.push(add(annotationPath(MARKS.lock), JSON.stringify([...others, holder])));
  return operations;
}

/** A workflow id has one live run: another holder of ours with that id was left by a run that was terminated. */
function isEarlierRun(other: Holder, { workflowId, installation }: Holder): boolean {
  return other.workflowId === workflowId && other.installation === installation;
}

/** What is to be done next so that a holder is out and the source as it was. */
export type UnlockStep =
  /** Apply the patch; then look again. */
  | { do: 'patch'; operations: PatchOperation[] }
  /** The source has its strategy back and is still to be started, if that has not done it. */
  | { do: 'start'; paid: PatchOperation[] }
  /** Others keep it off, or nothing is owed. */
  | { do: 'nothing'; locked: boolean };

/**
 * Takes the holder out; the last one out restores the saved power state in the same patch.
 *
 * A Manual source is not started by its strategy, a RerunOnFailure one not for sure: `power` stays as a debt, with the
 * debtor's name, until the source has been started. So does it when somebody removes the lock alone: whoever of us comes next pays. What a
 * person has set meanwhile is left as it is.
 */
export function unlockStep(vm: VirtualMachine, owner: Owner): UnlockStep {
  const holders = holdersOf(vm);
  const leaving = holders.find((holder) => sameOwner(holder, owner));
  const saved = savedPower(vm);
  const annotations = vm.metadata.annotations;
  const setting = currentSetting(vm);
  if (!leaving) {
    if (holders.length > 0) return { do: 'nothing', locked: true };
    // A person has overruled what was saved: it must not come to life again when the source is next switched off.
    if (!saved && powerNote(vm)) return { do: 'patch', operations: dropPower(vm) };
    if (!saved) return { do: 'nothing', locked: false };
    if (sameSetting(setting, saved.setting)) return { do: 'start', paid: dropPower(vm) };
    // Somebody removed the lock: what was switched off for cloning is still to be given back.
    return { do: 'patch', operations: [...unlockedTests(vm), ...restore(setting, saved)] };
  }
  const operations: PatchOperation[] = [
    test('/metadata/uid', vm.metadata.uid),
    test(annotationPath(MARKS.lock), annotations?.[MARKS.lock]),
  ];
  const staying = holders.filter((holder) => holder !== leaving);
  if (staying.length > 0) {
    operations.push(add(annotationPath(MARKS.lock), JSON.stringify(staying)));
    return { do: 'patch', operations };
  }
  operations.push(
    test(settingPath(setting), settingValue(setting)),
    test(annotationPath(MARKS.power), annotations?.[MARKS.power] ?? null),
    { op: 'remove', path: annotationPath(MARKS.lock) },
  );
  if (saved) operations.push(...restore(setting, { ...saved, debtor: debtorOf(leaving) }));
  else if (annotations?.[MARKS.power] !== undefined) {
    operations.push({ op: 'remove', path: annotationPath(MARKS.power) });
  }
  return { do: 'patch', operations };
}

/** The saved setting again; the note of it goes, but for a start that is owed. */
function restore(setting: PowerSetting, saved: SavedPower): PatchOperation[] {
  return [
    test(settingPath(setting), settingValue(setting)),
    { op: 'replace', path: settingPath(setting), value: settingValue(saved.setting) },
    needsStart(saved.setting)
      ? add(annotationPath(MARKS.power), JSON.stringify({ ...saved, owed: 'start' } satisfies SavedPower))
      : { op: 'remove', path: annotationPath(MARKS.power) },
  ];
}

/** Removes a debt that has been paid, unless somebody has taken the lock or changed it meanwhile. */
function dropPower(vm: VirtualMachine): PatchOperation[] {
  return [...unlockedTests(vm), { op: 'remove', path: annotationPath(MARKS.power) }];
}

/** Nobody has locked it, or touched what is owed, since it was read. */
function unlockedTests(vm: VirtualMachine): PatchOperation[] {
  return [
    test('/metadata/uid', vm.metadata.uid),
    test(annotationPath(MARKS.lock), null),
    test(annotationPath(MARKS.power), vm.metadata.annotations?.[MARKS.power]),
  ];
}

/**
 * A start of ours that met a source which a new holder had just switched off has turned Halted into Always
 * (virt-api, lifecycle.go): switches it off again. Undefined where that has not happened.
 */
export function misfiredStartPatch(vm: VirtualMachine): PatchOperation[] | undefined {
  const text = vm.metadata.annotations?.[MARKS.power];
  const setting = currentSetting(vm);
  if (!isLocked(vm) || text === undefined || !sameSetting(setting, { runStrategy: 'Always' }))
    return undefined;
  const stopped = { ...vm, spec: { ...vm.spec, runStrategy: 'Halted' } };
  const saved = savedPower(stopped);
  if (!saved || !needsStart(saved.setting)) return undefined;
  return [
    test('/metadata/uid', vm.metadata.uid),
    test(annotationPath(MARKS.lock), vm.metadata.annotations?.[MARKS.lock]),
    test(annotationPath(MARKS.power), text),
    test('/spec/runStrategy', 'Always'),
    { op: 'replace', path: '/spec/runStrategy', value: 'Halted' },
  ];
}

function debtorOf({ cloneUid, installation, workflowId, since }: Holder): Debtor {
  return { cloneUid, installation, workflowId, since };
}

function settingPath(setting: PowerSetting): string {
  return 'running' in setting ? '/spec/running' : '/spec/runStrategy';
}

function settingValue(setting: PowerSetting): unknown {
  return 'running' in setting ? setting.running : setting.runStrategy;
}

function annotationPath(name: string): string {
  return pointer('metadata', 'annotations', name);
}

function test(path: string, value: unknown): PatchOperation {
  return { op: 'test', path, value };
}

function add(path: string, value: unknown): PatchOperation {
  return { op: 'add', path, value };
}
