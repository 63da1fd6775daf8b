import type { Kind } from './kinds';
import { deepFreeze, type KubernetesObject } from './object';

/** Who sends a request. There is no RBAC: only admission functions and subresource handlers look at it. */
export interface User {
  name: string;
  groups: readonly string[];
}

export interface AdmissionRequest {
  operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  kind: Kind;
  /** '' for the object itself. */
  subresource: string;
  namespace?: string;
  /** '' while a generateName waits for its suffix. */
  name: string;
  /** What is to be stored (CONNECT: the body that was sent); undefined for DELETE. */
  object?: KubernetesObject;
  /** What is stored; undefined for CREATE. */
  oldObject?: KubernetesObject;
  user: User;
  dryRun: boolean;
  /** The Namespace of the request, undefined for cluster-wide kinds. */
  namespaceObject?: KubernetesObject;
}

/** Refuses a request by throwing a StatusError; a mutating one may change `request.object` in place. */
export type AdmissionFunction = (request: AdmissionRequest) => Promise<void> | void;

export interface AdmissionFunctions {
  /** Run first, one after the other, before defaults and checks. */
  mutating?: readonly AdmissionFunction[];
  /** See the object as it would be stored, frozen. */
  validating?: readonly AdmissionFunction[];
}

/** The admission functions in force. Those added last run last. */
export class Admission {
  private readonly registered = new Set<AdmissionFunctions>();

  /** Returns what takes them out of force again. */
  add(functions: AdmissionFunctions): () => void {
    this.registered.add(functions);
    return () => this.registered.delete(functions);
  }

  /** Returns the object as the mutating functions left it. */
  async mutate(request: AdmissionRequest): Promise<KubernetesObject | undefined> {
    const functions = [...this.registered].flatMap(({ mutating = [] }) => mutating);
    if (functions.length === 0) return request.object;
    const open = { ...request, object: request.object && structuredClone(request.object) };
    for (const admit of functions) await admit(open);
    return open.object;
  }

  async validate(request: AdmissionRequest): Promise<void> {
    const functions = [...this.registered].flatMap(({ validating = [] }) => validating);
    if (functions.length === 0) return;
    deepFreeze(request.object);
    for (const admit of functions) await admit(request);
  }
}
