import type { RunningController, SimContext } from '../runtime';
import { startClaimProtection } from './claim-protection';
import { startGarbageCollector } from './garbage-collector';
import { startNamespaces } from './namespaces';
import { startQuotas } from './quota/controller';
import { startVolumeBinder } from './volume-binder';

export { coreAdmission } from './admission';

/** Starts what kube-controller-manager does for VMs and their disks. */
export async function startCore(context: SimContext): Promise<RunningController> {
  const controllers = await Promise.all([
    startGarbageCollector(context),
    startClaimProtection(context),
    startVolumeBinder(context),
    startNamespaces(context),
    startQuotas(context),
  ]);
  return {
    async stop() {
      await Promise.all(controllers.map((controller) => controller.stop()));
    },
  };
}
