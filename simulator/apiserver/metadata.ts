import { badRequest, forbiddenValue, invalidValue, requiredValue, type StatusCause } from './errors';
import type { Kind } from './kinds';
import { deepEqual, isObject, type KubernetesObject, type ObjectMeta } from './object';

/**
 * Checks of metadata that the server makes for every kind; messages as apimachinery has them
 * (pkg/api/validation, pkg/util/validation). Each returns the reasons to answer 422.
 */

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SERVICE = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED_PART = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;
const MAX_ANNOTATION_BYTES = 256 * 1024;

const NAME_FORMATS = {
  subdomain: {
    pattern: SUBDOMAIN,
    longest: 253,
    why:
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must " +
      "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
      "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  },
  label: {
    pattern: LABEL,
    longest: 63,
    why:
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and " +
      "end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is " +
      "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  },
  service: {
    pattern: SERVICE,
    longest: 63,
    why:
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic " +
      "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for " +
      "validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
  },
};

export function checkMetadata(kind: Kind, metadata: ObjectMeta): StatusCause[] {
  return [
    ...checkName(kind, metadata),
    ...checkLabels(metadata.labels),
    ...checkAnnotations(metadata.annotations),
    ...checkFinalizers(metadata.finalizers),
    ...checkOwners(metadata.ownerReferences),
  ];
}

function checkName(kind: Kind, { name }: ObjectMeta): StatusCause[] {
  if (!name) return [requiredValue('metadata.name', 'name or generateName is required')];
  const format = NAME_FORMATS[kind.rules?.nameFormat ?? 'subdomain'];
  const causes: StatusCause[] = [];
  if (name.length > format.longest) {
    causes.push(invalidValue('metadata.name', name, `must be no more than ${format.longest} bytes`));
  }
  if (!format.pattern.test(name)) causes.push(invalidValue('metadata.name', name, format.why));
  return causes;
}

function isQualifiedName(text: string): boolean {
  const parts = text.split('/');
  const name = parts.pop() as string;
  const [prefix, ...more] = parts;
  if (more.length > 0 || name.length > 63 || !QUALIFIED_PART.test(name)) return false;
  return prefix === undefined || (prefix.length <= 253 && SUBDOMAIN.test(prefix));
}

const QUALIFIED_NAME_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

function checkLabels(labels: unknown): StatusCause[] {
  if (labels === undefined || labels === null) return [];
  if (!isObject(labels)) return [invalidValue('metadata.labels', labels, 'must be an object of strings')];
  return Object.entries(labels).flatMap(([key, value]) => {
    if (!isQualifiedName(key)) return [invalidValue('metadata.labels', key, QUALIFIED_NAME_RULE)];
    if (typeof value !== 'string') return [invalidValue('metadata.labels', value, 'must be a string')];
    if (value.length > 63) return [invalidValue('metadata.labels', value, 'must be no more than 63 bytes')];
    if (LABEL_VALUE.test(value)) return [];
    const why =
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must " +
      "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used " +
      "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
    return [invalidValue('metadata.labels', value, why)];
  });
}

function checkAnnotations(annotations: unknown): StatusCause[] {
  if (annotations === undefined || annotations === null) return [];
  const field = 'metadata.annotations';
  if (!isObject(annotations)) return [invalidValue(field, annotations, 'must be an object of strings')];
  let bytes = 0;
  const causes = Object.entries(annotations).flatMap(([key, value]) => {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(String(value));
    if (!isQualifiedName(key.toLowerCase())) return [invalidValue(field, key, QUALIFIED_NAME_RULE)];
    return typeof value === 'string' ? [] : [invalidValue(field, value, 'must be a string')];
  });
  if (bytes > MAX_ANNOTATION_BYTES) {
    const message = `Too long: may not be more than ${MAX_ANNOTATION_BYTES} bytes`;
    causes.push({ reason: 'FieldValueTooLong', message, field });
  }
  return causes;
}

function checkFinalizers(finalizers: unknown): StatusCause[] {
  if (finalizers === undefined || finalizers === null) return [];
  const field = 'metadata.finalizers';
  if (!Array.isArray(finalizers)) return [invalidValue(field, finalizers, 'must be a list of strings')];
  const causes = finalizers
    .filter((finalizer) => typeof finalizer !== 'string' || !isQualifiedName(finalizer))
    .map((finalizer) => invalidValue(field, finalizer, QUALIFIED_NAME_RULE));
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    causes.push(
      invalidValue(field, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'),
    );
  }
  return causes;
}

function checkOwners(owners: unknown): StatusCause[] {
  if (owners === undefined || owners === null) return [];
  const field = 'metadata.ownerReferences';
  if (!Array.isArray(owners)) return [invalidValue(field, owners, 'must be a list of owner references')];
  const causes = owners.flatMap((owner) =>
    (['apiVersion', 'kind', 'name', 'uid'] as const)
      .filter((member) => !isObject(owner) || !owner[member])
      .map((member) => invalidValue(`${field}.${member}`, '', 'must not be empty')),
  );
  if (owners.filter((owner) => isObject(owner) && owner.controller === true).length > 1) {
    causes.push(invalidValue(field, owners, 'Only one reference can have Controller set to true'));
  }
  return causes;
}

const KNOWN_FIELDS = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
] as const;

/**
 * Metadata as the server keeps it: known fields only, and no empty ones. So an object whose last annotation has gone
 * has no `annotations` at all, and a JSON patch that adds one below it fails. Throws 400 for a name that is no text.
 */
export function tidyMetadata(sent: Record<string, unknown>, namespace: string | undefined): ObjectMeta {
  const tidy: Record<string, unknown> = {};
  for (const field of KNOWN_FIELDS) {
    const value = field === 'namespace' ? namespace : sent[field];
    const empty = value === undefined || value === null || value === '';
    if (!empty && (typeof value !== 'object' || Object.keys(value).length > 0)) tidy[field] = value;
  }
  for (const field of ['name', 'generateName', 'resourceVersion', 'uid'] as const) {
    const value = tidy[field];
    if (value !== undefined && typeof value !== 'string')
      throw badRequest(`metadata.${field} must be a string`);
  }
  return tidy as ObjectMeta;
}

/** What an update may leave out and may never change. Leaving out is not changing. */
const SYSTEM_FIELDS = [
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

/** Puts the system's fields that were left out into the metadata of an update. */
export function keepSystemFields(metadata: ObjectMeta, old: ObjectMeta): ObjectMeta {
  const kept: ObjectMeta = { ...metadata, generation: old.generation };
  for (const field of SYSTEM_FIELDS) {
    if (kept[field] === undefined || kept[field] === null || kept[field] === '') {
      if (old[field] === undefined) delete kept[field];
      else (kept as Record<string, unknown>)[field] = old[field];
    }
  }
  if (kept.generation === undefined) delete kept.generation;
  return kept;
}

export function checkMetadataUpdate(metadata: ObjectMeta, old: ObjectMeta): StatusCause[] {
  const causes = (['name', 'namespace', ...SYSTEM_FIELDS] as const)
    .filter((field) => !deepEqual(metadata[field], old[field]))
    .map((field) => invalidValue(`metadata.${field}`, metadata[field], 'field is immutable'));
  const added = (metadata.finalizers ?? []).filter(
    (finalizer) => !(old.finalizers ?? []).includes(finalizer),
  );
  if (old.deletionTimestamp && added.length > 0) {
    const listed = added.map((finalizer) => JSON.stringify(finalizer)).join(', ');
    const why = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${listed}}`;
    causes.push(forbiddenValue('metadata.finalizers', why));
  }
  return causes;
}

/**
 * The generation counts changes of anything but metadata. For a kind with a status subresource that leaves the status
 * out: a write of the object itself cannot change it.
 */
export function withGeneration(kind: Kind, next: KubernetesObject, old: KubernetesObject): KubernetesObject {
  if (!hasGeneration(kind)) return next;
  const asked = ({ metadata: _, ...rest }: KubernetesObject) => rest;
  const generation = (old.metadata.generation ?? 1) + (deepEqual(asked(next), asked(old)) ? 0 : 1);
  return { ...next, metadata: { ...next.metadata, generation } };
}

export function hasGeneration(kind: Kind): boolean {
  return kind.custom || kind.rules?.hasGeneration === true;
}
