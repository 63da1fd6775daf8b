import type {
  ControllerRevision,
  DataVolume,
  PersistentVolumeClaim,
  VirtualMachine,
  VirtualMachineInstance,
} from '../../../../src/clone/resources';
import type { ClusterClient, WatchCache } from '../../../../src/kubernetes';
import type { SimulatorOptions } from '../../../options';
import type { RecordEvent } from '../../events';
import type { Expectations } from './expectations';

/** One pass over one VM: what it works with and what it has come to. */
export interface VmReconcile {
  readonly client: ClusterClient;
  readonly options: SimulatorOptions;
  readonly record: RecordEvent;
  /** Of the VM's VMI, by the VM's key. */
  readonly expectations: Expectations;
  /** Of DataVolumes, by their own keys. */
  readonly dataVolumeExpectations: Expectations;
  readonly dataVolumes: WatchCache<DataVolume>;
  readonly claims: WatchCache<PersistentVolumeClaim>;
  readonly revisions: WatchCache<ControllerRevision>;
  readonly key: string;
  /** As the cache had it. */
  readonly original: VirtualMachine;
  /** As last written; its status is changed in place and written at the end. */
  vm: VirtualMachine;
  /** The VMI that this VM controls. */
  vmi?: VirtualMachineInstance;
  /** The last finalizer is off: there is no object any more to write a status to. */
  gone?: boolean;
  requeueAfterMs?: number;
}
