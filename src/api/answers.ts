/**
 * Shapes of the API's answers, for those who give and those who read them. Types alone. Times are ISO 8601.
 */
import type { Action } from '../clone/actions';
import type { FieldChange } from '../clone/changes';
import type { Configuration } from '../clone/configuration';
import type { PlanDisk } from '../clone/disks';
import type { Downtime } from '../clone/downtime';
import type { VmSize } from '../clone/size';
import type { FilterGroup, VmRow } from '../clone/status';
import type { Blocker, CloneView, PlannedCopy, VmRef, Warning } from '../contract';

export type { VmSize };

/** `GET /vms` */
export interface VmPage {
  items: VmRow[];
  /** Of all pages. */
  total: number;
  /** Of all VMs, whatever the filters. */
  all: number;
  /** Of those that pass all other filters, by status. */
  counts: Record<FilterGroup, number>;
  page: number;
  limit: number;
}

/** `GET /vms/{namespace}/{name}` */
export interface VmDetail extends VmRow {
  description: string;
  size: VmSize;
  /** Of what `PATCH` can change: hand it in with the change, so that nobody's edit meanwhile is lost. */
  version: string;
}

/** `GET /namespaces`: those into which a clone can be put. */
export interface NamespaceList {
  items: { name: string }[];
}

/** `GET /vms/{namespace}/{name}/clone-plan`: what a clone would be, and what stands against it. */
export interface ClonePlanAnswer {
  defaults: { name: string; namespace: string; startAfterClone: boolean };
  target: VmRef;
  sourceOn: boolean;
  configuration: Configuration;
  disks: Pick<PlanDisk, 'name' | 'kind' | 'bytes' | 'method' | 'storageClass' | 'dataVolume'>[];
  blockers: Blocker[];
  warnings: Warning[];
  changes: FieldChange[];
  copies: Pick<PlannedCopy, 'kind' | 'from'>[];
  expectedDowntime: Downtime;
}

/** A clone with what can be done with it, and its links: what every route that answers a clone answers. */
export interface CloneAnswer extends CloneView {
  actions: { cancelCloning: Action };
  links: { self: string; temporalUi: string };
}

/** `GET /clones` */
export interface ClonePage {
  items: CloneAnswer[];
  /** Hand it in to get the next page; absent on the last. */
  nextPageToken?: string;
}

/** An answer that is no success (RFC 9457). */
export interface ProblemDocument {
  /** `urn:vm-clone:problem:<stable name>` */
  type: string;
  title: string;
  status: number;
  detail: string;
  requestId: string;
  errors?: { field: string; message: string }[];
  blockers?: Blocker[];
  links?: CloneAnswer['links'];
  /** Of an edit that came too late: the VM as it is now. */
  current?: VmDetail;
}

/** What `GET /events` tells, by the name of the event. */
export interface LiveEvents {
  /** The first event, unless that is `resync`: its id says from where on this connection tells everything. */
  hello: Record<string, never>;
  /** A VM is new or has changed. */
  vm: {
    row: VmRow;
    /** Whether filters, counts or the order may show it elsewhere: a percent that rises moves nothing. */
    moved: boolean;
  };
  /** A VM is gone. */
  'vm-gone': VmRef;
  /** A clone has begun, gone on, or ended. */
  clone: CloneAnswer;
  /** What was missed can't be told any more: read everything anew. */
  resync: Record<string, never>;
}
export type LiveEventName = keyof LiveEvents;
