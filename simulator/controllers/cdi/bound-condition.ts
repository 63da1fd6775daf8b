import type { PersistentVolumeClaim } from '../../../src/clone/resources';
import { Kinds } from '../../../src/kubernetes';
import { annotate, isBound, uidOf } from '../objects';
import { update } from '../runtime';
import type { Cdi } from './cdi';
import { Ann } from './names';

const NOTES = [Ann.bound, `${Ann.bound}.reason`, `${Ann.bound}.message`];

/**
 * Notes on a pending claim what was last said of it, for the DataVolume's condition Bound; a bound one needs none
 * (CDI pkg/controller/common/util.go, UpdatePVCBoundConditionFromEvents). Returns the claim as it is then.
 */
export async function noteBound(
  cdi: Cdi,
  claim: PersistentVolumeClaim,
  signal: AbortSignal,
): Promise<PersistentVolumeClaim> {
  const last = cdi.eventsByUid
    .get(uidOf(claim))
    .reduce<[time: string, message: string | undefined]>(
      (latest, { lastTimestamp = '', message }) =>
        lastTimestamp >= latest[0] ? [lastTimestamp, message] : latest,
      ['', undefined],
    )[1];
  const change = (copy: PersistentVolumeClaim) => {
    if (isBound(claim)) for (const note of NOTES) delete copy.metadata.annotations?.[note];
    if (claim.status?.phase !== 'Pending' || last === undefined) return;
    annotate(copy, {
      [Ann.bound]: 'false',
      [`${Ann.bound}.reason`]: 'Pending',
      [`${Ann.bound}.message`]: last,
    });
  };
  return update(cdi.client, Kinds.PersistentVolumeClaim, claim, change, { signal });
}
