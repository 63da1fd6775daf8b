import type { ClaimSpec, DataVolume } from '../../../src/clone/resources';
import { Kinds } from '../../../src/kubernetes';
import { type AdmissionFunctions, type AdmissionRequest, failure, type StatusCause } from '../../apiserver';
import { annotationOf, bytesOf, controllerOf, requestOf, uidOf } from '../objects';
import type { SimContext } from '../runtime';
import { Ann } from './names';

const SMALLEST_DISK = 2 ** 20;
const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

/** CDI's validating webhook for DataVolumes (CDI pkg/apiserver/webhooks/datavolume-validate.go). */
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
    if (request.operation === 'UPDATE' && JSON.stringify(old?.spec) !== JSON.stringify(dataVolume.spec)) {
      refuse('FieldValueDuplicate', 'Cannot update DataVolume Spec', 'DataVolume.Spec');
    }
    if (request.operation === 'CREATE') await refuseTakenName(dataVolume);
    refuseBadSpec(dataVolume);
  }

  return { validating: [admit] };
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

function refuseBadSpec({ spec }: DataVolume): void {
  const invalid = (message: string, field: string) => refuse('FieldValueInvalid', message, field);
  if (!spec?.pvc && !spec?.storage) invalid('Missing Data volume PVC', 'spec.PVC');
  if (spec.pvc && spec.storage) {
    invalid('Duplicate storage definition, both target storage and target pvc defined', 'spec.PVC');
  }
  const claim = (spec.pvc ?? spec.storage) as ClaimSpec;
  const part = spec.pvc ? 'PVC' : 'Storage';
  const size = requestOf({ spec: claim });
  const isClone = Boolean(spec.sourceRef || spec.source?.pvc || spec.source?.snapshot);
  if (size === undefined) {
    if (spec.pvc || !isClone) invalid(`${part} size is missing`, `spec.${part}.resources.requests.size`);
  } else if (bytesOf(size) <= 0) {
    invalid(`${part} size can't be equal or less than zero`, `spec.${part}.resources.requests.size`);
  } else if (bytesOf(size) < SMALLEST_DISK) {
    invalid(`${part} size should be at least 1MiB`, `spec.${part}.resources.requests.size`);
  }
  const modes = claim.accessModes ?? [];
  if (spec.pvc && modes.length === 0) {
    invalid('Required value: at least 1 access mode is required', 'spec.PVC.accessModes');
  }
  if (spec.pvc && modes.length > 1) invalid('PVC multiple accessModes', 'spec.PVC.accessModes');
  const unknown = modes.find((mode) => !ACCESS_MODES.includes(mode));
  if (unknown) {
    const supported = ACCESS_MODES.map((mode) => `"${mode}"`).join(', ');
    invalid(`Unsupported value: "${unknown}": supported values: ${supported}`, 'spec.PVC.accessModes');
  }
  refuseBadSource(spec, claim, invalid);
}

function refuseBadSource(
  spec: DataVolume['spec'],
  claim: ClaimSpec,
  invalid: (message: string, field: string) => never,
): void {
  const { source, sourceRef } = spec;
  if (claim.dataSourceRef || claim.dataSource) {
    if (source || sourceRef) {
      invalid('External population is incompatible with Source and SourceRef', 'spec.source');
    }
    return;
  }
  if (Boolean(source) === Boolean(sourceRef)) {
    invalid('Data volume should have either Source or SourceRef, or be externally populated', 'spec.source');
  }
  if (!source) return;
  const kinds = Object.keys(source).filter((kind) => source[kind] !== undefined && source[kind] !== null);
  if (kinds.length === 0) invalid('Missing Data volume source', 'spec.source');
  if (kinds.length > 1) invalid('Multiple Data volume sources', 'spec.source');
  if (source.pvc && (!source.pvc.namespace || !source.pvc.name)) {
    invalid('spec.source.PVC source PVC is not valid', 'spec.source.PVC');
  }
}
