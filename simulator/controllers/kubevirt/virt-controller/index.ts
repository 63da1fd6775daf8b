import { type RunningController, type SimContext, startController } from '../../runtime';
import { migrationController } from './migration';
import { restoreController } from './restore';
import { snapshotController } from './snapshot';
import { vmController } from './vm';
import { vmiController } from './vmi';

/** Starts what the process virt-controller is: VMs keep their finalizer while it is stopped. */
export async function startVirtController(context: SimContext): Promise<RunningController> {
  const definitions = [
    vmController(context),
    vmiController(context),
    migrationController(context),
    snapshotController(context),
    restoreController(context),
  ];
  const controllers = await Promise.all(
    definitions.map((definition) => startController(context, definition)),
  );
  return {
    async stop() {
      await Promise.all(controllers.map((controller) => controller.stop()));
    },
  };
}
