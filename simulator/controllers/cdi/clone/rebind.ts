import type { PersistentVolumeClaim } from '../../../../src/clone/resources';
import { SimKinds } from '../../kinds';
import { uidOf } from '../../objects';
import { update } from '../../runtime';
import type { Cdi } from '../cdi';
import { type ClonePhase, DONE, temporaryClaim, WAIT } from './phase';

/** Gives the temporary claim's volume to the target claim (CDI pkg/controller/clone/rebind.go). */
export const rebind: ClonePhase = {
  name: 'Rebind',

  async reconcile(clone) {
    const { cdi, target, signal } = clone;
    if (target.spec.volumeName) return DONE;
    const claim = temporaryClaim(clone);
    if (!claim) throw new Error('source claim does not exist');
    await rebindVolume(cdi, claim, target, signal);
    return WAIT;
  },
};

/** Points the volume of `from` at `to`; the binder then does its part, and `from` becomes Lost. */
export async function rebindVolume(
  cdi: Cdi,
  from: PersistentVolumeClaim,
  to: PersistentVolumeClaim,
  signal: AbortSignal,
): Promise<void> {
  const name = from.spec.volumeName ?? '';
  const volume = cdi.volumes.get(undefined, name);
  if (!volume) throw new Error(`persistentvolumes "${name}" not found`);
  const { claimRef } = volume.spec;
  if (!claimRef) throw new Error(`PV ${name} claimRef is nil`);
  if (claimRef.uid === uidOf(to)) return;
  if (claimRef.uid !== uidOf(from)) throw new Error(`PV ${name} bound to unexpected claim ${claimRef.name}`);
  await update(
    cdi.client,
    SimKinds.PersistentVolume,
    volume,
    ({ spec }) => {
      const { namespace = '', name: claimName } = to.metadata;
      spec.claimRef = {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace,
        name: claimName,
        uid: uidOf(to),
      };
    },
    { signal },
  );
}
