import { readFileSync } from 'node:fs';
import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv';
import { load } from 'js-yaml';

/** A structural schema of Kubernetes, or a JSON schema made of one. */
interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  nullable?: boolean;
  anyOf?: Schema[];
  [keyword: string]: unknown;
}

interface Crd {
  spec: {
    names: { kind: string };
    versions: { name: string; storage: boolean; schema: { openAPIV3Schema: Schema } }[];
  };
}

/** Label values and the names in keys (Kubernetes apimachinery, util/validation). */
const NAME_PART = '[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';
const KEY = `^(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?${NAME_PART}$`;
const LABELS: Schema = {
  type: 'object',
  propertyNames: { pattern: KEY },
  additionalProperties: { type: 'string', pattern: `^(?:${NAME_PART})?$` },
};
const ANNOTATIONS: Schema = {
  type: 'object',
  propertyNames: { pattern: KEY },
  additionalProperties: { type: 'string' },
};
const OWNER: Schema = {
  type: 'object',
  required: ['apiVersion', 'kind', 'name', 'uid'],
  properties: Object.fromEntries(
    ['apiVersion', 'kind', 'name', 'uid'].map((field) => [field, { type: 'string', minLength: 1 }]),
  ),
};
/** ObjectMeta, of which CRDs say nothing: the API server knows it. */
const METADATA: Schema = {
  type: 'object',
  properties: {
    annotations: ANNOTATIONS,
    creationTimestamp: { type: 'string', format: 'date-time', nullable: true },
    deletionGracePeriodSeconds: { type: 'integer' },
    deletionTimestamp: { type: 'string', format: 'date-time' },
    finalizers: { type: 'array', items: { type: 'string' } },
    generateName: { type: 'string' },
    generation: { type: 'integer' },
    labels: LABELS,
    managedFields: { type: 'array', items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
    name: { type: 'string', maxLength: 253, pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$' },
    namespace: { type: 'string', maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' },
    ownerReferences: {
      type: 'array',
      items: {
        ...OWNER,
        properties: {
          ...OWNER.properties,
          blockOwnerDeletion: { type: 'boolean' },
          controller: { type: 'boolean' },
        },
      },
    },
    resourceVersion: { type: 'string' },
    uid: { type: 'string' },
  },
};

/** Go's own ranges; RFC 3339. */
const FORMATS = {
  int32: {
    type: 'number',
    validate: (value: number) => Number.isInteger(value) && Math.abs(value) <= 2 ** 31,
  },
  int64: { type: 'number', validate: (value: number) => Number.isInteger(value) },
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
} as const;

/**
 * Checks objects as the API server does for a CRD: its storage version's schema, fields that it does not know,
 * and the keys by which lists are merged. CEL rules are left out.
 */
export function crdValidator(file: string): (object: unknown) => string[] {
  const crd = load(readFileSync(file, 'utf8')) as Crd;
  const version = crd.spec.versions.find(({ storage }) => storage);
  if (!version) throw new Error(`${file} has no storage version`);
  const schema = { ...version.schema.openAPIV3Schema, required: ['apiVersion', 'kind', 'metadata'] };
  const validate = compiled(schema);
  return (object) => (validate(object) ? [] : (validate.errors ?? []).map(described));
}

function compiled(schema: Schema): ValidateFunction {
  const ajv = new Ajv({ allErrors: true, strict: false, formats: FORMATS, validateFormats: true });
  ajv.addKeyword({
    keyword: 'x-kubernetes-list-map-keys',
    schemaType: 'array',
    type: 'array',
    validate: areKeysUnique,
  });
  return ajv.compile(closed(schema));
}

/** The same as JSON schema: objects are closed unless they say otherwise. */
function closed(schema: Schema): Schema {
  const { properties, items, additionalProperties, nullable, ...others } = schema;
  const result: Schema = { ...others };
  if (properties) result.properties = mapped(properties);
  if (items) result.items = closed(items);
  if (schema['x-kubernetes-int-or-string']) result.anyOf = [{ type: 'integer' }, { type: 'string' }];
  if (schema['x-kubernetes-list-type'] === 'set') result.uniqueItems = true;
  if (typeof additionalProperties === 'object') result.additionalProperties = closed(additionalProperties);
  else if (
    schema.type === 'object' &&
    additionalProperties !== true &&
    !schema['x-kubernetes-preserve-unknown-fields']
  ) {
    result.additionalProperties = false;
  }
  return nullable ? { anyOf: [{ type: 'null' }, result] } : result;
}

function mapped(properties: Record<string, Schema>): Record<string, Schema> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [
      name,
      closed(isMetadata(name, schema) ? { ...METADATA, nullable: schema.nullable } : schema),
    ]),
  );
}

function isMetadata(name: string, { type, properties }: Schema): boolean {
  return name === 'metadata' && type === 'object' && properties === undefined;
}

function areKeysUnique(keys: string[], elements: Record<string, unknown>[]): boolean {
  const named = elements.map((element) => JSON.stringify(keys.map((key) => element[key])));
  return new Set(named).size === named.length;
}

function described({ instancePath, message, params }: ErrorObject): string {
  const { additionalProperty } = params as { additionalProperty?: string };
  return additionalProperty
    ? `${instancePath}/${additionalProperty} is unknown`
    : `${instancePath} ${message}`;
}
