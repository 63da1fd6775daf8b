import { isCode, Kinds } from '../../../src/kubernetes';
import { type CdiConfig, SimKinds } from '../kinds';
import { type ControllerDefinition, update, watching } from '../runtime';
import type { Cdi } from './cdi';

const NAME = 'config';
/** Share of a file system that is not for the disk on it (CDI pkg/common, DefaultGlobalOverhead). */
const OVERHEAD = '0.06';

/** CDI's one CDIConfig, there from the start (CDI pkg/controller/config-controller.go). */
export function configController(cdi: Cdi): ControllerDefinition {
  const configs = cdi.context.cache(SimKinds.CdiConfig);
  return {
    name: 'cdi-config',
    watches: [
      watching(SimKinds.CdiConfig, ({ metadata }) => (metadata.name === NAME ? [`/${NAME}`] : [])),
      watching(Kinds.StorageClass, () => [`/${NAME}`]),
    ],
    async reconcile(_key, signal) {
      const config = configs.get(undefined, NAME);
      if (!config) return createConfig(cdi, signal);
      const names = cdi.classes.list().map(({ metadata }) => metadata.name);
      const storageClass = Object.fromEntries(names.sort().map((name) => [name, OVERHEAD]));
      const change = (copy: CdiConfig) => {
        copy.status = { ...copy.status, filesystemOverhead: { global: OVERHEAD, storageClass } };
      };
      await update(cdi.client, SimKinds.CdiConfig, config, change, { signal });
    },
  };
}

/** Resolves when there is one, whoever made it. */
export async function createConfig(cdi: Cdi, signal?: AbortSignal): Promise<void> {
  const config: CdiConfig = {
    metadata: { name: NAME },
    spec: { featureGates: ['HonorWaitForFirstConsumer'] },
    status: { filesystemOverhead: { global: OVERHEAD } },
  };
  try {
    await cdi.client.create(SimKinds.CdiConfig, config, { signal });
  } catch (error) {
    if (!isCode(error, 409)) throw error;
  }
}
