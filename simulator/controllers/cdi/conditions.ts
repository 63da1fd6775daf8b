import type { Condition, DataVolume, PersistentVolumeClaim } from '../../../src/clone/resources';
import { annotationOf } from '../objects';
import { Ann } from './names';

/** Why there is no claim: becomes the reason of Bound and Ready. */
export interface Explanation {
  reason?: string;
  message?: string;
}

type Verdict = Required<Pick<Condition, 'status'>> & { reason: string; message: string };

/** The three conditions of a DataVolume, from its phase and claim (CDI pkg/controller/datavolume/conditions.go). */
export function conditionsOf(
  previous: Condition[],
  phase: string,
  claim: PersistentVolumeClaim | undefined,
  explanation: Explanation,
  now: string,
): Condition[] {
  const running = runningVerdict(claim);
  return [
    merged(previous, 'Bound', boundVerdict(claim, explanation), now),
    merged(previous, 'Ready', readyVerdict(phase, explanation, running), now),
    merged(previous, 'Running', running, now),
  ];
}

function boundVerdict(claim: PersistentVolumeClaim | undefined, explanation: Explanation): Verdict {
  if (!claim) {
    return {
      status: 'False',
      reason: explanation.reason || 'NotFound',
      message: explanation.message || 'No PVC found',
    };
  }
  const { name } = claim.metadata;
  const noted =
    annotationOf(claim, Ann.bound) === 'false'
      ? {
          reason: annotationOf(claim, `${Ann.bound}.reason`) ?? '',
          message: annotationOf(claim, `${Ann.bound}.message`) ?? '',
        }
      : undefined;
  switch (claim.status?.phase) {
    case 'Bound':
      if (noted) return { status: 'False', ...noted };
      return { status: 'True', reason: 'Bound', message: `PVC ${name} Bound` };
    case 'Pending':
      if (noted)
        return { status: 'False', ...noted, message: `target PVC ${name} Pending and ${noted.message}` };
      return { status: 'False', reason: 'Pending', message: `PVC ${name} Pending` };
    case 'Lost':
      return { status: 'False', reason: 'ClaimLost', message: 'Claim Lost' };
    default:
      return { status: 'False', reason: '', message: '' };
  }
}

function readyVerdict(phase: string, { reason = '', message = '' }: Explanation, running: Verdict): Verdict {
  if (running.status === 'True') return { status: 'False', reason: 'TransferRunning', message: '' };
  const status = phase === 'Succeeded' ? 'True' : phase === 'Unknown' ? 'Unknown' : 'False';
  return { status, reason, message };
}

/** Running only while the target's side and, once there is one, the source's side of the copy both run. */
function runningVerdict(claim: PersistentVolumeClaim | undefined): Verdict {
  const read = (annotation: string) => ({
    running: annotationOf(claim, annotation),
    reason: annotationOf(claim, `${annotation}.reason`) ?? '',
    message: annotationOf(claim, `${annotation}.message`) ?? '',
  });
  const target = read(Ann.running);
  const source = read(Ann.sourceRunning);
  const verdict = (status: string, { reason, message }: typeof target): Verdict => ({
    status,
    reason,
    message,
  });
  if (target.running === 'true') {
    return source.running === 'false' ? verdict('False', source) : verdict('True', target);
  }
  if (source.running === 'false') {
    return {
      status: 'False',
      reason: `${target.reason} and ${source.reason}`,
      message: `${target.message} and ${source.message}`,
    };
  }
  return verdict('False', target);
}

function merged(previous: Condition[], type: string, verdict: Verdict, now: string): Condition {
  const old = previous.find((condition) => condition.type === type);
  const same =
    old?.status === verdict.status &&
    (old.reason ?? '') === verdict.reason &&
    (old.message ?? '') === verdict.message;
  if (old && same) return old;
  return {
    type,
    status: verdict.status,
    ...(verdict.reason && { reason: verdict.reason }),
    ...(verdict.message && { message: verdict.message }),
    lastTransitionTime: old?.status === verdict.status ? old.lastTransitionTime : now,
    lastHeartbeatTime: now,
  } as Condition;
}

export function conditionOf(dataVolume: DataVolume, type: string): Condition | undefined {
  return dataVolume.status?.conditions?.find((condition) => condition.type === type);
}
