import type { User } from './admission';
import type { Answer } from './request';

/** A request to a subresource that lives outside this server's stored objects. */
export interface SubresourceRequest {
  method: string;
  namespace?: string;
  name: string;
  /** `start`, `stop`, ... : what follows the object's name in the path. */
  verb: string;
  /** The parsed JSON body; undefined when there was none. */
  body: unknown;
  query: URLSearchParams;
  user: User;
  dryRun: boolean;
}

/** Answers, or throws a StatusError. An answer without a body has an empty one. */
export type SubresourceHandler = (
  request: SubresourceRequest,
) => Promise<Pick<Answer, 'code' | 'body'>> | Pick<Answer, 'code' | 'body'>;

/**
 * Subresources of one resource, such as `PUT /apis/subresources.kubevirt.io/v1/namespaces/{namespace}/
 * virtualmachines/{name}/start`. A group that stores nothing is made by this alone, and shows in discovery.
 */
export interface Subresources {
  group: string;
  version: string;
  /** Plural name in the path. */
  resource: string;
  /** For discovery. */
  kind: string;
  namespaced: boolean;
  /** Default: PUT. */
  method?: string;
  /** By verb. */
  handlers: Readonly<Record<string, SubresourceHandler>>;
}

/** The subresource handlers in force. */
export class SubresourceRegistry {
  private readonly registered = new Set<Subresources>();

  /** Returns what takes them out of force again. */
  add(subresources: Subresources): () => void {
    this.registered.add(subresources);
    return () => this.registered.delete(subresources);
  }

  all(): readonly Subresources[] {
    return [...this.registered];
  }

  find(group: string, version: string, resource: string, verb: string): Subresources | undefined {
    return this.all().find(
      (entry) =>
        entry.group === group &&
        entry.version === version &&
        entry.resource === resource &&
        Object.hasOwn(entry.handlers, verb),
    );
  }
}
