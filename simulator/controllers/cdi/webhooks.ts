import type { DataVolume } from '../../../src/clone/resources';
import { Kinds } from '../../../src/kubernetes';
import {
  type AdmissionFunctions,
  type AdmissionRequest,
  badRequest,
  failure,
  type StatusCause,
} from '../../apiserver';
import { annotationOf, controllerOf, uidOf } from '../objects';
import type { SimContext } from '../runtime';
import { isSameSpec, wrongWithSpec } from './data-volume-rules';
import { Ann } from './names';

/** CDI's webhooks for DataVolumes (CDI pkg/apiserver/webhooks/datavolume-mutate.go, datavolume-validate.go). */
export function cdiAdmission(context: SimContext): AdmissionFunctions {
  const client = context.clientFor('cdi-apiserver');

  /** A claim of the DataVolume's name is in its way unless it may be adopted or belongs to a DataVolume. */
  async function refuseTakenName(dataVolume: DataVolume): Promise<void> {
    const { namespace, name } = dataVolume.metadata;
    if (!name) return; // a generateName is checked when it has its suffix, by the claim's own creation
    const claim = await client.get(Kinds.PersistentVolumeClaim, { namespace, name });
    if (!claim || controllerOf(claim)?.kind === 'DataVolume') return;
    if (annotationOf(claim, Ann.populatedFor) === name) return;
    const createdForThis = annotationOf(claim, Ann.createdForDataVolume) === uidOf(dataVolume);
    if (!createdForThis && annotationOf(dataVolume, Ann.allowClaimAdoption) === 'true') return;
    refuse('FieldValueDuplicate', `Destination PVC ${namespace}/${name} already exists`, 'DataVolume.Name');
  }

  async function admit(request: AdmissionRequest): Promise<void> {
    if (request.kind.kind !== 'DataVolume' || request.subresource) return;
    const dataVolume = request.object as unknown as DataVolume | undefined;
    if (!dataVolume) return;
    const old = request.oldObject as unknown as DataVolume | undefined;
    if (request.operation === 'UPDATE' && !isSameSpec(old?.spec, dataVolume.spec)) {
      refuse('FieldValueDuplicate', 'Cannot update DataVolume Spec', 'DataVolume.Spec');
    }
    if (request.operation === 'CREATE') await refuseTakenName(dataVolume);
    const wrong = wrongWithSpec(dataVolume);
    if (wrong) refuse('FieldValueInvalid', wrong.message, wrong.field);
  }

  /** Where the clone's source lies is looked up before it is asked who may clone it (datavolume-mutate.go). */
  async function refuseMissingNamespace({ kind, subresource, namespace, object }: AdmissionRequest) {
    if (kind.kind !== 'DataVolume' || subresource || !object || object.metadata.deletionTimestamp) return;
    const { source } = (object as unknown as DataVolume).spec ?? {};
    const { namespace: foreign } = (source?.pvc ?? source?.snapshot ?? {}) as { namespace?: string };
    if (!foreign || foreign === namespace) return;
    if (await client.get(Kinds.Namespace, { name: foreign })) return;
    throw badRequest(
      `admission webhook "datavolume-mutate.cdi.kubevirt.io" denied the request: namespaces "${foreign}" not found`,
    );
  }

  return { mutating: [refuseMissingNamespace], validating: [admit] };
}

function refuse(reason: string, message: string, field: string): never {
  const causes: StatusCause[] = [{ reason, message, field }];
  throw failure(
    422,
    '',
    `admission webhook "datavolume-validate.cdi.kubevirt.io" denied the request:  ${message}`,
    { causes },
  );
}
