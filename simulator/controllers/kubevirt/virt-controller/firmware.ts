import { createHash } from 'node:crypto';
import type { PatchOperation } from '../../../../src/clone/resources';
import { Kinds } from '../../../../src/kubernetes';
import { SyncError } from './sync-error';
import type { VmReconcile } from './vm-reconcile';

/** Namespace of the name-based UUIDs, as 32 hex digits (watch/vm/firmware.go). */
const UUID_NAMESPACE = '6a1a24a1406146078bf4a3963d0c5895';

/** The UUID that a VM of this name has when its spec has none: the same in every namespace. */
export function legacyUuid(name: string): string {
  const bytes = createHash('sha1').update(Buffer.from(UUID_NAMESPACE, 'hex')).update(name).digest();
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

/** Writes the firmware UUID into a VM that has lost it (the webhook gives one to every new VM). */
export async function syncFirmware(run: VmReconcile): Promise<void> {
  const { namespace, name } = run.vm.metadata;
  const { firmware } = run.vm.spec.template.spec.domain;
  if (firmware?.uuid) return;
  const path = '/spec/template/spec/domain/firmware';
  const operations: PatchOperation[] = [
    { op: 'test', path, value: firmware ?? null },
    { op: 'add', path, value: { ...firmware, uuid: legacyUuid(name) } },
  ];
  const patching = run.client.patchJson(Kinds.VirtualMachine, { namespace, name }, operations);
  run.vm = await SyncError.wrap(
    'error encountered when trying to patch VM firmware',
    'FirmwareUUIDError',
    patching,
  );
}
