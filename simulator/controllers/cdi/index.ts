import { type RunningController, type SimContext, startController } from '../runtime';
import { openCdi } from './cdi';
import { clonePopulator } from './clone-populator';
import { cloneSourceController } from './clone-source';
import { configController, createConfig } from './config';
import { dataVolumeController } from './data-volume';
import { importPopulator } from './import-populator';
import { storageProfileController } from './storage-profile';
import { uploadController } from './upload';

export { cdiAdmission } from './webhooks';

/** Starts what the process cdi-controller is: every finalizer of CDI's hangs while it is stopped. */
export async function startCdi(context: SimContext): Promise<RunningController> {
  const cdi = await openCdi(context);
  await createConfig(cdi, context.signal);
  const controllers = await Promise.all(
    [
      dataVolumeController(cdi),
      clonePopulator(cdi),
      importPopulator(cdi),
      uploadController(cdi),
      cloneSourceController(cdi),
      storageProfileController(cdi),
      configController(cdi),
    ].map((definition) => startController(context, definition)),
  );
  return {
    async stop() {
      await Promise.all(controllers.map((controller) => controller.stop()));
      cdi.close();
    },
  };
}
