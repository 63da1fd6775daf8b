import type { VirtualMachineInstance } from '../../../../src/clone/resources';
import { Kinds } from '../../../../src/kubernetes';
import { ensureDataVolumes } from './data-volumes';
import { recordRevision } from './revisions';
import { SyncError } from './sync-error';
import { typesOf } from './types';
import type { VmReconcile } from './vm-reconcile';
import { vmiOf } from './vmi-manifest';

/** How often the watch event of a new VMI is there before the answer to its creation; both were recorded. */
const EVENT_OVERTAKES = 0.5;

/** Makes the VMI once every DataVolume of a template is ready, else leaves it to the pass that they trigger. */
export async function startVmi(run: VmReconcile): Promise<void> {
  await SyncError.wrap('failure while starting VMI', 'FailedCreate', start(run));
}

async function start(run: VmReconcile): Promise<void> {
  if (!(await ensureDataVolumes(run))) return;
  const { client, record, vm } = run;
  const revision = await recordRevision(run);
  const vmi = await manifestOf(run, revision);
  try {
    await run.expectations.creating(run.key, () => client.create(Kinds.VirtualMachineInstance, vmi));
  } catch (error) {
    record(
      vm,
      'Warning',
      'FailedCreate',
      `Error creating virtual machine instance: ${(error as Error).message}`,
    );
    throw error;
  }
  const started = `Started the virtual machine by creating the new virtual machine instance ${vmi.metadata.name}`;
  record(vm, 'Normal', 'SuccessfulCreate', started);
  // The event may overtake the answer: then this pass knows neither the VMI nor that it is expected, and says Stopped.
  if (Math.random() < EVENT_OVERTAKES) await run.expectations.created(run.key);
}

async function manifestOf({ client, record, vm }: VmReconcile, revision: string) {
  try {
    return vmiOf(vm, revision, await typesOf(client, vm));
  } catch (error) {
    const why = `Failed to apply instancetype: ${(error as Error).message}`;
    record(vm, 'Warning', 'FailedCreate', `Error creating virtual machine instance: ${why}`);
    throw error;
  }
}

/** Asks for the VMI's deletion, unless that has been asked for already. */
export async function stopVmi(run: VmReconcile, vmi: VirtualMachineInstance): Promise<void> {
  if (vmi.metadata.deletionTimestamp) return;
  const { client, record, vm } = run;
  const { namespace, name, uid } = vmi.metadata;
  await SyncError.wrap(
    'Failure attempting to delete VMI',
    'FailedDelete',
    run.expectations.deleting(run.key, () =>
      client.delete(Kinds.VirtualMachineInstance, { namespace, name }, { uid }),
    ),
  );
  const stopped = `Stopped the virtual machine by deleting the virtual machine instance ${uid}`;
  record(vm, 'Normal', 'SuccessfulDelete', stopped);
}
