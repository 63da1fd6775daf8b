import { isDeepStrictEqual } from 'node:util';
import type { ClaimSpec, DataVolume } from '../../../src/clone/resources';
import { bytesOf, requestOf } from '../objects';

const SMALLEST_DISK = 2 ** 20;
const LONGEST_CLASS_NAME = 253;
const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const CONTENT_TYPES = ['', 'kubevirt', 'archive'];

type Spec = DataVolume['spec'];

/** Why the webhook refuses a DataVolume. */
export interface Wrong {
  message: string;
  field: string;
}

/** True when nothing was changed but the checkpoints of a multi-stage import, which may be. */
export function isSameSpec(old: Spec | undefined, next: Spec): boolean {
  const isStaged = Boolean(
    (next?.checkpoints as unknown[] | undefined)?.length && (next.source?.vddk || next.source?.imageio),
  );
  const compared = (spec: Spec | undefined) => {
    if (!isStaged || !spec) return spec;
    const { checkpoints: _, finalCheckpoint: __, ...rest } = spec;
    return rest;
  };
  return isDeepStrictEqual(compared(old), compared(next));
}

/** The first thing that is wrong, in the order and words of CDI pkg/apiserver/webhooks/datavolume-validate.go. */
export function wrongWithSpec({ spec }: DataVolume): Wrong | undefined {
  if (!spec?.pvc && !spec?.storage) return wrong('Missing Data volume PVC', 'spec.PVC');
  if (spec.pvc && spec.storage) {
    const message = 'Duplicate storage definition, both target storage and target pvc defined';
    return wrong(message, 'spec.PVC.Storage');
  }
  const claim = (spec.pvc ?? spec.storage) as ClaimSpec;
  return (
    wrongSize(spec, claim) ??
    wrongClass(claim) ??
    wrongModes(spec, claim) ??
    (claim.dataSourceRef || claim.dataSource ? wrongPopulation(spec, claim) : wrongSource(spec))
  );
}

function wrong(message: string, field: string): Wrong {
  return { message, field };
}

/** Only a clone described by `storage` may go without a size: it is the source's then. */
function wrongSize(spec: Spec, claim: ClaimSpec): Wrong | undefined {
  const part = spec.pvc ? 'PVC' : 'Storage';
  const field = `spec.${part}.resources.requests.size`;
  const size = requestOf({ spec: claim });
  const isClone = Boolean(spec.sourceRef || spec.source?.pvc || spec.source?.snapshot);
  if (size === undefined) {
    return spec.pvc || !isClone ? wrong(`${part} size is missing`, field) : undefined;
  }
  if (bytesOf(size) <= 0) return wrong(`${part} size can't be equal or less than zero`, field);
  return bytesOf(size) < SMALLEST_DISK ? wrong(`${part} size should be at least 1MiB`, field) : undefined;
}

function wrongClass({ storageClassName = '' }: ClaimSpec): Wrong | undefined {
  if (storageClassName.length <= LONGEST_CLASS_NAME) return undefined;
  return wrong(`Name cannot be longer than ${LONGEST_CLASS_NAME} characters`, '');
}

function wrongModes(spec: Spec, { accessModes = [] }: ClaimSpec): Wrong | undefined {
  const field = 'spec.PVC.accessModes';
  if (spec.pvc && accessModes.length === 0) {
    return wrong('Required value: at least 1 access mode is required', field);
  }
  if (spec.pvc && accessModes.length > 1) return wrong('PVC multiple accessModes', field);
  if (accessModes.every((mode) => ACCESS_MODES.includes(mode))) return undefined;
  const supported = ACCESS_MODES.map((mode) => `"${mode}"`).join(', ');
  return wrong(`Unsupported value: "${accessModes[0]}": supported values: ${supported}`, field);
}

/** Of a claim that somebody else than CDI fills. */
function wrongPopulation(spec: Spec, claim: ClaimSpec): Wrong | undefined {
  if (spec.source || spec.sourceRef) {
    return wrong('External population is incompatible with Source and SourceRef', 'spec.source');
  }
  if (claim.dataSource && claim.dataSourceRef && !isDeepStrictEqual(claim.dataSource, claim.dataSourceRef)) {
    return wrong('DataSourceRef and DataSource must match', '');
  }
  for (const [name, field] of [
    ['DataSource', 'dataSource'],
    ['DataSourceRef', 'dataSourceRef'],
  ] as const) {
    const reference = claim[field] as ClaimSpec['dataSourceRef'];
    if (!reference) continue;
    if (name === 'DataSourceRef' && reference.namespace) {
      return wrong('Invalid value: DataSourceRef namespace not supported', `spec.${field}.namespace`);
    }
    if (!reference.name) return wrong(`Required value: ${name} name`, `spec.${field}.name`);
    if (!reference.kind) return wrong(`Required value: ${name} kind`, `spec.${field}.kind`);
    if (!reference.apiGroup && reference.kind !== 'PersistentVolumeClaim') {
      const message = `Required value: ${name} apiGroup when kind is not 'PersistentVolumeClaim'`;
      return wrong(message, `spec.${field}.apiGroup`);
    }
  }
  return undefined;
}

function wrongSource({ source, sourceRef, contentType = '' }: Spec): Wrong | undefined {
  if (Boolean(source) === Boolean(sourceRef)) {
    const message = 'Data volume should have either Source or SourceRef, or be externally populated';
    return wrong(message, 'spec.source');
  }
  if (!source) return wrongReference(sourceRef as { kind?: string; name?: string });
  const kinds = Object.keys(source).filter((kind) => source[kind] !== undefined && source[kind] !== null);
  if (kinds.length === 0) return wrong('Missing Data volume source', 'spec.source');
  if (kinds.length > 1) return wrong('Multiple Data volume sources', 'spec.source');
  if (!CONTENT_TYPES.includes(contentType as string)) {
    const message = `ContentType not one of: ${CONTENT_TYPES.slice(1).join(', ')}`;
    return wrong(message, 'spec.contentType');
  }
  if (source.blank && contentType === 'archive') {
    return wrong('SourceType cannot be blank and the contentType be archive', 'spec.contentType');
  }
  for (const [kind, name, field] of [
    ['pvc', 'PVC', 'PVC'],
    ['snapshot', 'snapshot', 'Snapshot'],
  ] as const) {
    const clone = source[kind] as { namespace?: string; name?: string } | undefined;
    if (clone && (!clone.namespace || !clone.name)) {
      return wrong(`spec.source.${field} source ${name} is not valid`, `spec.source.${field}`);
    }
  }
  return undefined;
}

function wrongReference({ kind, name }: { kind?: string; name?: string }): Wrong | undefined {
  if (!kind) return wrong('Missing sourceRef kind', 'spec.sourceRef.Kind');
  if (kind !== 'DataSource') {
    const message = `Unsupported sourceRef kind ${kind}, currently only DataSource is supported`;
    return wrong(message, 'spec.sourceRef.Kind');
  }
  return name ? undefined : wrong('Missing sourceRef name', 'spec.sourceRef.Name');
}
