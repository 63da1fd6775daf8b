import type { PersistentVolumeClaim } from '../../../src/clone/resources';
import { Kinds } from '../../../src/kubernetes';
import type { AdmissionFunctions } from '../../apiserver';
import { annotationOf } from '../objects';
import type { SimContext } from '../runtime';
import { PVC_PROTECTION } from './claim-protection';
import { quotaAdmission } from './quota/admission';

/** Admission plugins of kube-apiserver itself: StorageObjectInUseProtection, DefaultStorageClass, ResourceQuota. */
export function coreAdmission(context: SimContext): AdmissionFunctions {
  const client = context.clientFor('kube-apiserver');
  return {
    mutating: [
      async ({ kind, operation, subresource, object }) => {
        if (kind.kind !== 'PersistentVolumeClaim' || operation !== 'CREATE' || subresource || !object) return;
        const claim = object as unknown as PersistentVolumeClaim;
        const finalizers = claim.metadata.finalizers ?? [];
        if (!finalizers.includes(PVC_PROTECTION)) claim.metadata.finalizers = [...finalizers, PVC_PROTECTION];
        if (claim.spec?.storageClassName !== undefined) return;
        const { items } = await client.list(Kinds.StorageClass);
        const standard = items.find(
          (storageClass) =>
            annotationOf(storageClass, 'storageclass.kubernetes.io/is-default-class') === 'true',
        );
        if (standard) claim.spec = { ...claim.spec, storageClassName: standard.metadata.name };
      },
    ],
    validating: [quotaAdmission(context)],
  };
}
