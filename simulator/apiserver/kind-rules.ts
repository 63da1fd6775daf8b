import { forbiddenValue, invalidValue, type StatusCause } from './errors';
import { deepEqual, isObject, type KubernetesObject } from './object';

/**
 * What kube-apiserver does for one built-in kind beyond what it does for all. `draft` objects are shallow copies:
 * replace their members, never change what is inside.
 */
export interface KindRules {
  /** Defaults and system fields of a new object. */
  create?(draft: KubernetesObject): void;
  /** Fields that a write of the main resource cannot change are put back here. */
  update?(draft: KubernetesObject, old: KubernetesObject): void;
  /** Reasons to refuse an update (422). */
  immutable?(next: KubernetesObject, old: KubernetesObject): StatusCause[];
  /** Seconds between the request to delete and the removal by a kubelet; undefined = removed at once. */
  gracePeriod?(object: KubernetesObject, requested: number | undefined): number | undefined;
  /** True while something other than metadata.finalizers keeps a deleted object. */
  heldWhenDeleted?(object: KubernetesObject): boolean;
  /** Called when an object gets its deletionTimestamp. */
  markedDeleted?(draft: KubernetesObject): void;
  /** Subresources that merge the sent object into the stored one, by name. */
  subresources?: Record<string, (sent: KubernetesObject, old: KubernetesObject) => KubernetesObject>;
  /** How names are checked, if not as DNS subdomains. */
  nameFormat?: 'label' | 'service';
  /** A PUT without a resourceVersion is refused. */
  needsResourceVersion?: boolean;
  hasGeneration?: boolean;
  /** DELETE answers with the object that was removed instead of a Status. */
  answersDeletedObject?: boolean;
}

export const answersDeletedObject: KindRules = { answersDeletedObject: true };

export const needsResourceVersion: KindRules = { needsResourceVersion: true };

export const admissionPolicy: KindRules = { needsResourceVersion: true, hasGeneration: true };

function specOf(object: KubernetesObject): Record<string, unknown> {
  return isObject(object.spec) ? object.spec : {};
}

/** Lives on after its deletion until the namespace controller has emptied it and `/finalize` says so. */
export const namespace: KindRules = {
  nameFormat: 'label',
  answersDeletedObject: true,
  create(draft) {
    draft.metadata.labels = { ...draft.metadata.labels, 'kubernetes.io/metadata.name': draft.metadata.name };
    draft.spec = { ...specOf(draft), finalizers: ['kubernetes'] };
    draft.status = { phase: 'Active' };
  },
  update(draft, old) {
    draft.spec = { ...specOf(draft), finalizers: specOf(old).finalizers };
  },
  heldWhenDeleted(object) {
    const { finalizers } = specOf(object);
    return Array.isArray(finalizers) && finalizers.length > 0;
  },
  markedDeleted(draft) {
    draft.status = { ...(draft.status as object), phase: 'Terminating' };
  },
  subresources: {
    finalize: (sent, old) => ({
      ...old,
      metadata: { ...old.metadata, finalizers: sent.metadata.finalizers },
      spec: { ...specOf(old), finalizers: specOf(sent).finalizers ?? [] },
    }),
  },
};

/** Deleted in two steps when it is on a node: the kubelet stops it and deletes again with no grace. */
export const pod: KindRules = {
  answersDeletedObject: true,
  create(draft) {
    draft.spec = { restartPolicy: 'Always', terminationGracePeriodSeconds: 30, ...specOf(draft) };
    draft.status = { phase: 'Pending' };
  },
  gracePeriod(object, requested) {
    const spec = specOf(object);
    const phase = isObject(object.status) ? object.status.phase : undefined;
    if (!spec.nodeName || phase === 'Succeeded' || phase === 'Failed') return 0;
    const own =
      typeof spec.terminationGracePeriodSeconds === 'number' ? spec.terminationGracePeriodSeconds : 30;
    const period = requested ?? own;
    return period < 0 ? 1 : period;
  },
};

/** The spec is fixed except for binding (volumeName, a class that was unset) and growth (resources). */
export const persistentVolumeClaim: KindRules = {
  answersDeletedObject: true,
  create(draft) {
    draft.spec = { volumeMode: 'Filesystem', ...specOf(draft) };
    draft.status = { phase: 'Pending' };
  },
  immutable(next, old) {
    const changeable = (object: KubernetesObject) => {
      const { resources: _, volumeAttributesClassName: __, ...rest } = specOf(object);
      if (!specOf(old).volumeName) delete rest.volumeName;
      if (specOf(old).storageClassName === undefined) delete rest.storageClassName;
      return rest;
    };
    if (deepEqual(changeable(next), changeable(old))) return [];
    const why =
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
    return [forbiddenValue('spec', why)];
  },
};

export const persistentVolume: KindRules = {
  answersDeletedObject: true,
  create(draft) {
    draft.spec = { volumeMode: 'Filesystem', persistentVolumeReclaimPolicy: 'Retain', ...specOf(draft) };
    draft.status = { phase: 'Pending' };
  },
};

export const service: KindRules = { answersDeletedObject: true, nameFormat: 'service' };

/** `stringData` is write-only: its entries go, encoded, into `data`. */
function encodeStringData(draft: KubernetesObject): void {
  if (isObject(draft.stringData)) {
    const encoded = Object.entries(draft.stringData).map(([key, text]) => [
      key,
      Buffer.from(String(text)).toString('base64'),
    ]);
    draft.data = { ...(draft.data as object), ...Object.fromEntries(encoded) };
    delete draft.stringData;
  }
  draft.type ||= 'Opaque';
}

export const secret: KindRules = {
  create: encodeStringData,
  update: encodeStringData,
  immutable: (next, old) =>
    next.type === old.type ? [] : [invalidValue('type', next.type, 'field is immutable')],
};

export const controllerRevision: KindRules = {
  immutable: (next, old) =>
    deepEqual(next.data, old.data) ? [] : [invalidValue('data', next.data, 'field is immutable')],
};
