import { temporaryClaimName } from '../../simulator/controllers/cdi/names';
import { SimKinds } from '../../simulator/controllers/kinds';
import { STEERING_PREFIX } from '../../simulator/node/steering';
import { CONTENT } from '../../simulator/node/storage';
import { cloneWorkflowId, MARKS, type VmRef } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { Clone } from '../support/environment';
import { tracesOf } from '../support/invariants';
import { COPIED_DISK, type World } from './world';

/** What the cluster knows of the VMs in a world, past console and API. */
export class ClusterState {
  constructor(private readonly world: World) {}

  async hasGuest(ref: VmRef): Promise<boolean> {
    return (await this.client.get(Kinds.VirtualMachineInstance, ref)) !== undefined;
  }

  /** Makes the simulated node treat a VM's guest otherwise from now on (docs/simulator.md); null: as usual. */
  steer(ref: VmRef, name: 'boot-seconds' | 'stop-seconds', value: string | null): Promise<unknown> {
    const annotations = { [STEERING_PREFIX + name]: value };
    return this.client.patchMerge(Kinds.VirtualMachine, ref, { metadata: { annotations } });
  }

  /** Size, class and content of a VM's disk. */
  async disk(ref: VmRef, disk: string) {
    const claim = await this.claim(ref, disk);
    const volume = await this.volume(ref, disk);
    return {
      size: claim?.spec.resources?.requests?.storage,
      class: claim?.spec.storageClassName,
      content: volume?.metadata.annotations?.[CONTENT],
    };
  }

  async writeDisk(ref: VmRef, disk: string, content: string): Promise<void> {
    const volume = await this.volume(ref, disk);
    await this.client.patchMerge(
      SimKinds.PersistentVolume,
      { name: volume?.metadata.name ?? '' },
      { metadata: { annotations: { [CONTENT]: content } } },
    );
  }

  /** Holds the copy of one clone at so many percent, whatever its source's other clones do; returns what lets it go on. */
  async holdCopyOf(source: VmRef, target: VmRef, percent: number): Promise<() => Promise<void>> {
    const { namespace } = target;
    const disk = await this.claim(target, COPIED_DISK.name);
    const copying = { namespace, name: temporaryClaimName(disk?.metadata.uid ?? '') };
    const annotate = (ref: VmRef, name: string, value: string | null) =>
      this.client.patchMerge(Kinds.PersistentVolumeClaim, ref, {
        metadata: { annotations: { [name]: value } },
      });
    await annotate(copying, `${STEERING_PREFIX}copy`, `stall:${percent}`);
    return async () => {
      await annotate(copying, `${STEERING_PREFIX}copy`, null);
      // The node looks at a copy that stands still when the claim changes that it reads from.
      const read = { namespace: source.namespace, name: `${source.name}-${COPIED_DISK.name}` };
      await annotate(read, 'test.example/released', target.name);
    };
  }

  /** Keeps a VM from going when it is deleted; returns what lets it go. */
  async keep(ref: VmRef): Promise<() => Promise<void>> {
    const finalizer = 'test.example/keep';
    const write = async (change: (finalizers: string[]) => string[]) => {
      const { finalizers = [] } = (await this.world.vmNow(ref)).metadata;
      await this.client.patchMerge(Kinds.VirtualMachine, ref, {
        metadata: { finalizers: change(finalizers) },
      });
    };
    await write((finalizers) => [...finalizers, finalizer]);
    return () => write((finalizers) => finalizers.filter((each) => each !== finalizer));
  }

  /** A clone under way: `names` tells what there is of it in the cluster, also when it has gone. */
  async traces(source: VmRef, target: VmRef): Promise<{ names: () => Promise<string[]> }> {
    const { environment } = this.world;
    const cloneUid = (await this.world.vmNow(target)).metadata.labels?.[MARKS.cloneUid];
    const handle = environment.temporal.client.workflow.getHandle(cloneWorkflowId(target));
    const clone = new Clone(environment.inputFor(source, target, { cloneUid }), handle);
    return { names: () => tracesOf(environment, clone) };
  }

  private claim({ namespace, name }: VmRef, disk: string) {
    return this.client.get(Kinds.PersistentVolumeClaim, { namespace, name: `${name}-${disk}` });
  }

  private async volume(ref: VmRef, disk: string) {
    const claim = await this.claim(ref, disk);
    return this.client.get(SimKinds.PersistentVolume, { name: claim?.spec.volumeName ?? '' });
  }

  private get client() {
    return this.world.environment.client;
  }
}
