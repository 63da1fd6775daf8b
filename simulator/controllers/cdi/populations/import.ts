import { isCode, Kinds } from '../../../../src/kubernetes';
import { SimKinds } from '../../kinds';
import { annotationOf, controllerReference, isBound, uidOf } from '../../objects';
import { Ann, importSourceName, primeClaimName } from '../names';
import type { Population } from '../population';

const SOURCES = ['blank', 'http', 'registry', 's3', 'gcs', 'imageio', 'vddk'];

/** Sources from outside, and empty disks (CDI pkg/controller/datavolume/import-controller.go). */
export const importPopulation: Population = {
  fits: ({ spec }) => SOURCES.some((source) => spec.source?.[source] !== undefined),

  refusal: () => undefined,

  foreignNamespace: () => undefined,

  dataSource: (dataVolume) => ({ kind: 'VolumeImportSource', name: importSourceName(uidOf(dataVolume)) }),

  async ensureDataSource(cdi, dataVolume, signal) {
    const { namespace } = dataVolume.metadata;
    const name = importSourceName(uidOf(dataVolume));
    if (cdi.importSources.get(namespace, name)) return;
    try {
      await cdi.client.create(
        SimKinds.VolumeImportSource,
        {
          metadata: {
            namespace,
            name,
            ownerReferences: [controllerReference(Kinds.DataVolume, dataVolume)],
          },
          spec: { source: dataVolume.spec.source ?? {} },
        },
        { signal },
      );
    } catch (error) {
      if (!isCode(error, 409)) throw error;
    }
  },

  async deleteDataSource(cdi, dataVolume, signal) {
    const { namespace } = dataVolume.metadata;
    const name = importSourceName(uidOf(dataVolume));
    if (!cdi.importSources.get(namespace, name)) return;
    await cdi.client.delete(SimKinds.VolumeImportSource, { namespace, name }, { signal });
  },

  /** Not before the temporary claim is bound: until then it stays Pending. */
  phase(cdi, { metadata }, claim) {
    const podPhase = annotationOf(claim, Ann.podPhase);
    if (podPhase === 'Succeeded') return 'Succeeded';
    const prime = cdi.claims.get(metadata.namespace, primeClaimName(uidOf(claim)));
    if (!prime || !isBound(prime) || !annotationOf(prime, Ann.importPod)) return undefined;
    return podPhase === 'Running' ? 'ImportInProgress' : 'ImportScheduled';
  },

  event({ metadata }, phase) {
    const messages: Record<string, string> = {
      ImportScheduled: `Import into ${metadata.name} scheduled`,
      ImportInProgress: `Import into ${metadata.name} in progress`,
      Succeeded: `Successfully imported into PVC ${metadata.name}`,
    };
    const message = messages[phase];
    return message
      ? { type: 'Normal', reason: phase === 'Succeeded' ? 'ImportSucceeded' : phase, message }
      : undefined;
  },
};
