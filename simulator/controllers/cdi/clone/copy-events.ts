import type { PersistentVolumeClaim } from '../../../../src/clone/resources';
import { uidOf } from '../../objects';
import type { Clone } from './phase';

/** An Event of the binder's about a volume that has gone elsewhere, as it should. */
const EXPECTED = 'ClaimMisbound';

/**
 * Tells on the target what was told on the temporary claim, which its user doesn't know
 * (CDI pkg/controller/common/util.go, CopyEvents).
 */
export function copyEvents({ cdi, target }: Clone, temporary: PersistentVolumeClaim): void {
  const said = new Set(cdi.eventsByUid.get(uidOf(target)).map(({ message }) => message));
  const about = { ...target, apiVersion: 'v1', kind: 'PersistentVolumeClaim' };
  for (const { type, reason = '', message } of cdi.eventsByUid.get(uidOf(temporary))) {
    const prefixed = `[${temporary.metadata.name}] : ${message}`;
    if (reason === EXPECTED || said.has(message) || said.has(prefixed)) continue;
    cdi.recordEvent(about, type === 'Warning' ? 'Warning' : 'Normal', reason, prefixed);
  }
}
