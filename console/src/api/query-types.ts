import type { CloneOptions } from '../../../src/contract';

/** Query of `GET /vms`, as the API takes it. */
export interface VmQuery {
  status?: string;
  name?: string;
  ip?: string;
  namespace?: string;
  sort: string;
  page: number;
  limit: number;
}

/** Of `GET /clones`. */
export interface CloneQuery {
  namespace?: string;
  source?: string;
  phase?: string;
  open?: boolean;
  limit: number;
  pageToken?: string;
}

/** Of `GET /vms/{namespace}/{name}/clone-plan`. */
export interface PlanQuery {
  name?: string;
  namespace?: string;
  startAfterClone?: boolean;
  persistentState?: CloneOptions['persistentState'];
  copySecrets?: boolean;
}
