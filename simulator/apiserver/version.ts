import { apiVersionOf, type Kind } from './kinds';
import { deepFreeze, type KubernetesObject, type ObjectMeta } from './object';

/** One version of one object. */
export class Version {
  private text?: string;

  constructor(
    readonly object: KubernetesObject,
    readonly resourceVersion: number,
  ) {}

  /** The object as JSON, made once. */
  get json(): string {
    this.text ??= JSON.stringify(this.object);
    return this.text;
  }
}

/** apiVersion and kind come first, so that a list of a built-in kind can leave them out of the text. */
export function versionOf(kind: Kind, object: KubernetesObject, resourceVersion: number): Version {
  const { apiVersion: _, kind: __, metadata, ...rest } = object;
  const { name, namespace, ...others } = metadata;
  const ordered = {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...others,
      resourceVersion: String(resourceVersion),
    } as ObjectMeta,
    ...rest,
  };
  return new Version(deepFreeze(ordered), resourceVersion);
}
