import type { VmRestore } from '../kinds';
import { withCondition } from '../objects';

export type RestoreStatus = NonNullable<VmRestore['status']>;

/** The status with its two conditions; their texts are in the reasons, as KubeVirt has them. */
export function said(
  status: RestoreStatus,
  progressing: 'True' | 'False',
  reason: string,
  readyReason = reason,
  ready: 'True' | 'False' = 'False',
): RestoreStatus {
  let { conditions } = status;
  conditions = withCondition(conditions, { type: 'Progressing', status: progressing, reason });
  conditions = withCondition(conditions, { type: 'Ready', status: ready, reason: readyReason });
  return { ...status, conditions };
}
