import { isInProgress } from '../clone/ownership';
import type { DataVolume, VirtualMachine } from '../clone/resources';
import { type VmRow, vmRow } from '../clone/status';
import { MARKS } from '../contract';
import type { Caches } from '../kubernetes';
import { unavailable } from './problem';
import type { RunningClones } from './running-clones';

/** Rows of the list of VMs, computed from the shared watches; the cluster is not asked. */
export class VmRows {
  /** The last percent of each clone in progress, by uid: what is shown never falls. */
  private percents = new Map<string, number | null>();

  constructor(
    private readonly caches: Caches,
    private readonly running: RunningClones,
  ) {}

  async all(): Promise<VmRow[]> {
    const { virtualMachines } = this.read();
    const rows = await this.rows(virtualMachines.list());
    const present = new Set(virtualMachines.list().map(({ metadata }) => metadata.uid));
    for (const uid of this.percents.keys()) if (!present.has(uid)) this.percents.delete(uid);
    return rows;
  }

  async one(namespace: string, name: string): Promise<VmRow | undefined> {
    const vm = this.read().virtualMachines.get(namespace, name);
    return vm && (await this.rows([vm]))[0];
  }

  private async rows(vms: VirtualMachine[]): Promise<VmRow[]> {
    const clones = vms.some(isInProgress) ? await this.running.get() : new Map();
    return vms.map((vm) => {
      const { namespace, name, uid = '' } = vm.metadata;
      const vmi = this.caches.instances.get(namespace, name);
      if (!isInProgress(vm)) return vmRow({ vm, vmi });
      const { cancelRequested } = clones.get(`${namespace}/${name}`) ?? {};
      const row = vmRow({
        vm,
        vmi,
        dataVolumes: this.disksOf(vm),
        percent: this.percents.get(uid),
        cancelRequested: cancelRequested !== undefined,
      });
      this.percents.set(uid, row.percent);
      return row;
    });
  }

  /** Those with the label of the same clone. */
  private disksOf({ metadata }: VirtualMachine): DataVolume[] {
    const cloneUid = metadata.labels?.[MARKS.cloneUid];
    return this.caches.dataVolumes
      .list(metadata.namespace)
      .filter(
        (dataVolume) => cloneUid !== undefined && dataVolume.metadata.labels?.[MARKS.cloneUid] === cloneUid,
      );
  }

  private read(): Caches {
    const { virtualMachines, instances, dataVolumes } = this.caches;
    if (virtualMachines.synced && instances.synced && dataVolumes.synced) return this.caches;
    throw unavailable('The VMs are still being read from the cluster. Try again in a moment.');
  }
}
