import { Kinds } from '../../src/kubernetes';
import { CacheIndex } from '../controllers/cache-index';
import { claimsOf } from '../controllers/objects';
import { type RunningController, type SimContext, startController } from '../controllers/runtime';
import { copyPods } from './copy-pods';
import { claimProvisioner, volumeDeleter, volumeResizer } from './provisioner';
import { snapshotController } from './snapshot-controller';
import { snapshotDriver } from './snapshot-driver';
import { volumeScheduler } from './volume-scheduler';

export { CONTENT } from './copy-steering';

/** Starts the storage system, and the pods that copy to it. */
export async function startStorage(context: SimContext): Promise<RunningController> {
  await context.synced(Kinds.Pod);
  const podsByClaim = new CacheIndex(context.cache(Kinds.Pod), (pod) =>
    claimsOf(pod).map((claim) => `${pod.metadata.namespace}/${claim}`),
  );
  const controllers = await Promise.all(
    [
      claimProvisioner(context),
      volumeDeleter(context),
      volumeResizer(context, podsByClaim),
      volumeScheduler(context),
      snapshotController(context),
      snapshotDriver(context),
      copyPods(context, podsByClaim),
    ].map((definition) => startController(context, definition)),
  );
  return {
    async stop() {
      await Promise.all(controllers.map((controller) => controller.stop()));
      podsByClaim.close();
    },
  };
}
