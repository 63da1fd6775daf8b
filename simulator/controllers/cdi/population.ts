import type { ClaimSpec, DataVolume, PersistentVolumeClaim } from '../../../src/clone/resources';
import type { Cdi } from './cdi';
import type { Explanation } from './conditions';

export interface PhaseEvent {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
}

/** How DataVolumes with one kind of source get their content. One file each; listed in `data-volume.ts`. */
export interface Population {
  /** True for the DataVolumes that are filled in this way. */
  fits(dataVolume: DataVolume): boolean;
  /** Why no claim can be made yet; undefined when it can. */
  refusal(cdi: Cdi, dataVolume: DataVolume, spec: ClaimSpec): Required<Explanation> | undefined;
  /** Namespace of the content's source, when it isn't the DataVolume's own. */
  foreignNamespace(dataVolume: DataVolume): string | undefined;
  /** The populator object that the claim names as its data source. */
  dataSource(dataVolume: DataVolume): { kind: string; name: string };
  ensureDataSource(cdi: Cdi, dataVolume: DataVolume, signal: AbortSignal): Promise<void>;
  deleteDataSource(cdi: Cdi, dataVolume: DataVolume, signal: AbortSignal): Promise<void>;
  /** The DataVolume's phase by what the populator wrote on the claim; undefined leaves it as it is. */
  phase(cdi: Cdi, dataVolume: DataVolume, claim: PersistentVolumeClaim): string | undefined;
  /** The Event that tells of a phase. */
  event(dataVolume: DataVolume, phase: string): PhaseEvent | undefined;
}
