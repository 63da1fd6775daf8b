import { isInProgress } from '../clone/ownership';
import type { DataVolume, VirtualMachine, VirtualMachineInstance } from '../clone/resources';
import { type VmRow, vmRow } from '../clone/status';
import type { Caches } from '../kubernetes';
import type { Logger } from '../log';
import { Lru } from '../temporal/lru';
import { ByClone, cloneUidOf } from './live-index';
import { unavailable } from './problem';
import type { RunningClones } from './running-clones';
import { unreadableRow } from './unreadable-row';

/** How many clones under way are remembered by their percent, and how many VMs that can't be read. */
const KEPT = 5_000;

type Watches = Pick<Caches, 'virtualMachines' | 'instances' | 'dataVolumes'>;
type Clones = Pick<RunningClones, 'get' | 'isCancelling'>;

/**
 * Rows of the list of VMs, computed from the shared watches; the cluster is not asked. A row is computed anew only
 * when its objects have changed, or while a clone is being made.
 */
export class VmRows {
  private readonly computed = new WeakMap<VirtualMachine, { vmi?: VirtualMachineInstance; row: VmRow }>();
  /** The last percent of each clone in progress, by the VM's uid: what is shown never falls. */
  private readonly percents = new Lru<number>(KEPT);
  /** By uid: that they can't be read is logged once. */
  private readonly unreadable = new Lru<true>(KEPT);
  private readonly targets: ByClone<VirtualMachine>;
  private readonly disks: ByClone<DataVolume>;

  constructor(
    private readonly caches: Watches,
    private readonly clones: Clones,
    private readonly logger: Logger,
  ) {
    this.targets = new ByClone(caches.virtualMachines, isInProgress);
    this.disks = new ByClone(caches.dataVolumes);
  }

  /** Whether all that rows are made of has been read. */
  get synced(): boolean {
    const { virtualMachines, instances, dataVolumes } = this.caches;
    return virtualMachines.synced && instances.synced && dataVolumes.synced;
  }

  /** @throws Problem `unavailable` before the first lists are in */
  async all(): Promise<VmRow[]> {
    this.assertSynced();
    if (!this.targets.isEmpty) await this.clones.get();
    return this.current();
  }

  /** @throws Problem `unavailable` before the first lists are in */
  async one(namespace: string, name: string): Promise<VmRow | undefined> {
    this.assertSynced();
    const vm = this.caches.virtualMachines.get(namespace, name);
    if (vm && isInProgress(vm)) await this.clones.get();
    return this.currentOf(namespace, name);
  }

  /** All rows by what is known here, without asking Temporal. */
  current(): VmRow[] {
    return this.caches.virtualMachines.list().map((vm) => this.rowOf(vm));
  }

  /** One row by what is known here, without asking Temporal. */
  currentOf(namespace: string, name: string): VmRow | undefined {
    const vm = this.caches.virtualMachines.get(namespace, name);
    return vm && this.rowOf(vm);
  }

  /** The VMs in progress that a clone makes: one, unless its label was forged. */
  targetsOf(cloneUid: string | undefined): VirtualMachine[] {
    return this.targets.of(cloneUid);
  }

  /** One VM of a shape that no webhook lets pass costs nobody the other rows. */
  private rowOf(vm: VirtualMachine): VmRow {
    const { namespace, name, uid = '' } = vm.metadata;
    const vmi = this.caches.instances.get(namespace, name);
    try {
      return isInProgress(vm) ? this.cloneRow(vm, vmi) : this.plainRow(vm, vmi);
    } catch (error) {
      if (!this.unreadable.get(uid))
        this.logger.warn({ err: error, vm: `${namespace}/${name}` }, 'VM can not be read');
      this.unreadable.set(uid, true);
      return unreadableRow(vm);
    }
  }

  private plainRow(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): VmRow {
    const known = this.computed.get(vm);
    if (known && known.vmi === vmi) return known.row;
    const row = vmRow({ vm, vmi });
    this.computed.set(vm, { vmi, row });
    return row;
  }

  private cloneRow(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): VmRow {
    const { namespace, uid = '' } = vm.metadata;
    const cloneUid = cloneUidOf(vm);
    const row = vmRow({
      vm,
      vmi,
      dataVolumes: this.disks.of(cloneUid).filter(({ metadata }) => metadata.namespace === namespace),
      percent: this.percents.get(uid),
      cancelRequested: this.clones.isCancelling(cloneUid),
    });
    if (row.percent !== null) this.percents.set(uid, row.percent);
    return row;
  }

  private assertSynced(): void {
    if (this.synced) return;
    throw unavailable('The VMs are still being read from the cluster. Try again in a moment.');
  }
}
