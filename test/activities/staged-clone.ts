import { randomUUID } from 'node:crypto';
import type { DataVolume, KubernetesResource, Standstill, VirtualMachine } from '../../src/clone';
import type { CloneInput, PlannedCopy, PlannedDisk, TargetRecord, VmRef } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { type MachineOptions, makeMachine } from '../support/machines';
import type { Stage } from './stage';

/** Stands in each source's cloud-init: nothing that an activity says may hold it. */
export const SECRET = 'chpasswd: {expire: false, list: "root:hunter2"}';

/** One clone, brought as far as a test needs it by the activities themselves. */
export class StagedClone {
  sourceUid = '';
  disks: PlannedDisk[] = [];
  copies: PlannedCopy[] = [];
  record!: TargetRecord;
  stopped = false;
  standstill: Standstill = { generation: 0 };
  /** Of its workflow, if Temporal is to know one. */
  runId: string = randomUUID();

  private constructor(
    private readonly stage: Stage,
    readonly input: CloneInput,
  ) {}

  /** Of a source that is made for it. */
  static async of(
    stage: Stage,
    name: string,
    options: MachineOptions = {},
    wish: Partial<CloneInput> = {},
  ): Promise<StagedClone> {
    const source = await makeMachine(stage.environment, name, options);
    await addSecret(stage, source);
    return StagedClone.again(stage, source, wish);
  }

  /** Of a source that is there. */
  static async again(stage: Stage, source: VmRef, wish: Partial<CloneInput> = {}): Promise<StagedClone> {
    const target = wish.target ?? { namespace: source.namespace, name: `${source.name}-clone` };
    const clone = new StagedClone(stage, stage.environment.inputFor(source, target, wish));
    clone.sourceUid = (await clone.sourceVm())?.metadata.uid as string;
    return clone;
  }

  get source(): VmRef {
    return this.input.source;
  }

  get target(): VmRef {
    return this.input.target;
  }

  get owner() {
    const { cloneUid, installation } = this.input;
    return { cloneUid, installation };
  }

  get lockInput() {
    return { ...this.input, sourceUid: this.sourceUid, runId: this.runId };
  }

  get shutDownInput() {
    const { owner, source, sourceUid, stopped } = this;
    const claims = this.disks.map(({ sourceClaim }) => sourceClaim);
    return { ...owner, source, sourceUid, claims, deadline: Date.now() + 10_000, force: false, stopped };
  }

  get createInput() {
    const { owner, source, target, disks, copies } = this;
    return { ...owner, source, target, disks, copies };
  }

  get copyInput() {
    const { createInput, sourceUid, standstill, record } = this;
    return { ...createInput, sourceUid, standstill, record };
  }

  /** As the undo has it: the record is there when `createTarget` came to its end. */
  get scope() {
    return { ...this.createInput, record: this.record as TargetRecord | undefined };
  }

  get finishInput() {
    return { ...this.owner, target: this.target, vmUid: this.record.vmUid };
  }

  unlockInput(awaitReturn = true) {
    const { owner, source, sourceUid } = this;
    return { ...owner, source, sourceUid, awaitReturn };
  }

  async locked(): Promise<this> {
    Object.assign(this, await this.stage.run('lockSource', this.lockInput));
    return this;
  }

  async off(): Promise<this> {
    await this.locked();
    const { standstill } = await this.stage.run('shutDownSource', this.shutDownInput);
    this.standstill = standstill;
    return this;
  }

  async created(): Promise<this> {
    await this.off();
    this.record = await this.stage.run('createTarget', this.createInput);
    return this;
  }

  async copied(): Promise<this> {
    await this.created();
    await this.stage.run('copyDisks', this.copyInput);
    return this;
  }

  sourceVm(): Promise<VirtualMachine | undefined> {
    return this.stage.get(Kinds.VirtualMachine, this.source);
  }

  targetVm(): Promise<VirtualMachine | undefined> {
    return this.stage.get(Kinds.VirtualMachine, this.target);
  }

  dataVolume(disk: string): Promise<DataVolume | undefined> {
    return this.stage.get(Kinds.DataVolume, this.diskRef(disk));
  }

  /** Of the clone's DataVolume and claim. */
  diskRef(disk: string): VmRef {
    return { ...this.target, name: `${this.target.name}-${disk}` };
  }
}

/** Another clone's lock on a source, as its own `lockSource` would write it. */
export function holderOf(name: string) {
  return {
    cloneUid: randomUUID(),
    installation: randomUUID(),
    workflowId: `clone/demo/${name}`,
    since: new Date().toISOString(),
  };
}

async function addSecret({ environment }: Stage, source: VmRef): Promise<void> {
  const path = '/spec/template/spec/volumes/-';
  const value = { name: 'init', cloudInitNoCloud: { userData: `#cloud-config\n${SECRET}` } };
  await environment.client.patchJson(Kinds.VirtualMachine, source, [
    { op: 'add', path, value },
    {
      op: 'add',
      path: '/spec/template/spec/domain/devices/disks/-',
      value: { name: 'init', disk: { bus: 'virtio' } },
    },
  ]);
}

/** What of an object others than its controllers decide: the same for as long as nobody touches it. */
export function asWritten(object: KubernetesResource | undefined) {
  if (!object) return undefined;
  const { uid, labels, annotations, ownerReferences, deletionTimestamp } = object.metadata;
  return {
    uid,
    labels,
    annotations,
    ownerReferences,
    deletionTimestamp,
    spec: (object as { spec?: unknown }).spec,
  };
}
